// suite: jvm=-Xmx64m,-XX:+UseParallelGC,-XX:ParallelGCThreads=2 args=2
// As Storm, with the parallel collector.

public class StormParallel {
    public static void main(String[] args) throws Exception {
        Storm.main(args);
    }
}
