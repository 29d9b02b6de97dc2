// suite: args=1
// System.nanoTime never goes back, not even from one thread to another. The argument is how many seconds.

import java.util.concurrent.atomic.AtomicLong;

public class NanoTime {
    static volatile long last = Long.MIN_VALUE;

    public static void main(String[] args) throws Exception {
        long start = System.nanoTime();
        long end = start + (long) (Double.parseDouble(args[0]) * 1e9);
        long wallStart = System.currentTimeMillis();
        AtomicLong back = new AtomicLong();
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                while (System.nanoTime() < end) {
                    // What another thread has published was read before this.
                    long before = last;
                    long now = System.nanoTime();
                    if (now < before) {
                        back.incrementAndGet();
                    }
                    last = now;
                    if ((now & 0xff) == 0) {
                        Thread.yield();
                    }
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long wall = System.currentTimeMillis() - wallStart;
        System.out.println("back " + back);
        System.out.println("it passes " + (System.nanoTime() >= end) + ", so does the other clock " + (wall > 0));
        long before = System.nanoTime();
        Thread.sleep(20, 500_000);
        System.out.println("slept long enough " + (System.nanoTime() - before >= 20_500_000));
    }
}
