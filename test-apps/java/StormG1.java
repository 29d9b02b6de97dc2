// suite: jvm=-Xmx64m,-XX:+UseG1GC args=2
// As Storm, with G1.

public class StormG1 {
    public static void main(String[] args) throws Exception {
        Storm.main(args);
    }
}
