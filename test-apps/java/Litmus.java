// suite: args=1
// The memory model: what another thread may see of writes, by volatile fields, final fields, locks
// and compare-and-set. The argument is how many seconds each test takes.

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.StampedLock;

public class Litmus {
    static final class Box {
        final int a;
        final int b;

        Box(int n) {
            a = n;
            b = -n;
        }
    }

    static int plain;
    static volatile int flag;
    static volatile int x;
    static volatile int y;
    static Box published;
    static int released;
    static final VarHandle RELEASED;

    static {
        try {
            RELEASED = MethodHandles.lookup().findStaticVarHandle(Litmus.class, "released", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    interface Body {
        void run() throws Exception;
    }

    static Thread start(Body body) {
        Thread thread = new Thread(() -> {
            try {
                body.run();
            } catch (Exception e) {
                System.out.println(e);
            }
        });
        thread.start();
        return thread;
    }

    static long end;

    static boolean goesOn() {
        return System.nanoTime() < end;
    }

    /** A plain write before a volatile one is seen by whoever sees the latter. */
    static long messagePassing() throws Exception {
        AtomicLong wrong = new AtomicLong();
        plain = flag = 0;
        Thread reader = start(() -> {
            while (goesOn()) {
                for (int i = 0; i < 1000; i++) {
                    int seen = flag;
                    if (plain < seen) {
                        wrong.incrementAndGet();
                    }
                }
            }
        });
        while (goesOn()) {
            plain++;
            flag = plain;
        }
        reader.join();
        return wrong.get();
    }

    static long releaseAcquire() throws Exception {
        AtomicLong wrong = new AtomicLong();
        plain = released = 0;
        Thread reader = start(() -> {
            while (goesOn()) {
                for (int i = 0; i < 1000; i++) {
                    int seen = (int) RELEASED.getAcquire();
                    if (plain < seen) {
                        wrong.incrementAndGet();
                    }
                }
            }
        });
        while (goesOn()) {
            plain++;
            RELEASED.setRelease(plain);
        }
        reader.join();
        return wrong.get();
    }

    /** Of two threads that write one volatile and read the other's, one sees the other's write. */
    static long storeBuffering() throws Exception {
        AtomicLong wrong = new AtomicLong();
        int[] seen = new int[2];
        boolean[] isOver = {false};
        CyclicBarrier barrier = new CyclicBarrier(2, () -> {
            if (seen[0] == 0 && seen[1] == 0 && x + y == 2) {
                wrong.incrementAndGet();
            }
            x = y = 0;
            isOver[0] = !goesOn();
        });
        Body first = () -> {
            while (!isOver[0]) {
                x = 1;
                seen[0] = y;
                barrier.await();
            }
        };
        Thread other = start(() -> {
            while (!isOver[0]) {
                y = 1;
                seen[1] = x;
                barrier.await();
            }
        });
        seen[0] = seen[1] = 1;
        first.run();
        other.join();
        return wrong.get();
    }

    /** Final fields of an object that is published by a race are whole. */
    static long finalFields() throws Exception {
        AtomicLong wrong = new AtomicLong();
        published = new Box(1);
        Thread reader = start(() -> {
            while (goesOn()) {
                for (int i = 0; i < 1000; i++) {
                    Box box = published;
                    if (box.a == 0 || box.a != -box.b) {
                        wrong.incrementAndGet();
                    }
                }
            }
        });
        for (int n = 1; goesOn(); n = (n & 0xffff) + 1) {
            published = new Box(n);
        }
        reader.join();
        return wrong.get();
    }

    /** Counting by compare-and-set, atomic addition and locks loses nothing. */
    static long counting() throws Exception {
        AtomicInteger set = new AtomicInteger();
        AtomicLong added = new AtomicLong();
        AtomicLong expected = new AtomicLong();
        AtomicReference<Box> box = new AtomicReference<>(new Box(0));
        StampedLock lock = new StampedLock();
        int[] locked = {0, 0};
        Thread[] threads = new Thread[4];
        for (int t = 0; t < threads.length; t++) {
            threads[t] = start(() -> {
                int done = 0;
                for (; goesOn(); done++) {
                    int old;
                    do {
                        old = set.get();
                    } while (!set.compareAndSet(old, old + 1));
                    added.addAndGet(3);
                    box.updateAndGet(b -> new Box(b.a + 1));
                    long stamp = lock.writeLock();
                    locked[0]++;
                    synchronized (locked) {
                        locked[1]++;
                    }
                    lock.unlockWrite(stamp);
                }
                expected.addAndGet(done);
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        int all = expected.intValue();
        long lost = 0;
        for (int count : new int[] {set.get(), added.intValue() / 3, box.get().a, locked[0], locked[1]}) {
            lost += Math.abs(all - count);
        }
        return lost + (all > 0 ? 0 : 1);
    }

    interface Test {
        long run() throws Exception;
    }

    static void show(String name, double seconds, Test test) throws Exception {
        end = System.nanoTime() + (long) (seconds * 1e9);
        System.out.println(name + ": wrong " + test.run());
    }

    public static void main(String[] args) throws Exception {
        double seconds = Double.parseDouble(args[0]);
        show("message passing", seconds, Litmus::messagePassing);
        show("release and acquire", seconds, Litmus::releaseAcquire);
        show("store buffering", seconds, Litmus::storeBuffering);
        show("final fields", seconds, Litmus::finalFields);
        show("counting", seconds, Litmus::counting);
    }
}
