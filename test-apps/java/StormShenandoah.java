// suite: jvm=-Xmx64m,-XX:+UseShenandoahGC args=2
// As Storm, with Shenandoah.

public class StormShenandoah {
    public static void main(String[] args) throws Exception {
        Storm.main(args);
    }
}
