// suite: jvm=-Xmx128m,-XX:+UseZGC args=2
// As Storm, with ZGC.

public class StormZ {
    public static void main(String[] args) throws Exception {
        Storm.main(args);
    }
}
