// suite: args=500
// Many threads at once: monitors, wait and notify, locks and conditions, parking, barriers, pools,
// interrupts.

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RecursiveTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

public class Threads {
    interface Body {
        void run(int index) throws Exception;
    }

    /** Runs {@code body} in {@code count} threads and waits for all of them. */
    static void inThreads(int count, Body body) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        AtomicInteger failed = new AtomicInteger();
        for (int i = 0; i < count; i++) {
            int index = i;
            Thread thread = new Thread(() -> {
                try {
                    body.run(index);
                } catch (Exception e) {
                    failed.incrementAndGet();
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (failed.get() > 0) {
            System.out.println("failed threads: " + failed);
        }
    }

    static long total;

    static void monitors(int count) throws Exception {
        Object monitor = new Object();
        total = 0;
        inThreads(count, index -> {
            for (int i = 0; i < 100; i++) {
                synchronized (monitor) {
                    total += index;
                }
                if (i % 10 == 0) {
                    Thread.yield();
                }
            }
        });
        System.out.println("monitors " + total);
    }

    static int turn;

    /** Each thread waits for its turn and hands it on. */
    static void waitAndNotify(int count) throws Exception {
        Object monitor = new Object();
        turn = 0;
        inThreads(count, index -> {
            for (int round = 0; round < 3; round++) {
                synchronized (monitor) {
                    while (turn % count != index) {
                        monitor.wait();
                    }
                    turn++;
                    monitor.notifyAll();
                }
            }
        });
        System.out.println("turns " + turn);
    }

    static void locksAndConditions(int count) throws Exception {
        ReentrantLock lock = new ReentrantLock(true);
        var notEmpty = lock.newCondition();
        int[] box = {0, 0};
        inThreads(count, index -> {
            lock.lock();
            try {
                if (index % 2 == 0) {
                    box[0]++;
                    notEmpty.signal();
                } else {
                    while (box[0] == 0) {
                        notEmpty.await();
                    }
                    box[0]--;
                    box[1]++;
                }
            } finally {
                lock.unlock();
            }
        });
        System.out.println("taken " + box[1] + ", left " + box[0]);
    }

    /** A token goes around a ring of parked threads. */
    static void parking(int count) throws Exception {
        Thread[] ring = new Thread[count];
        AtomicInteger token = new AtomicInteger(-1);
        CountDownLatch done = new CountDownLatch(count);
        for (int i = 0; i < count; i++) {
            int index = i;
            ring[i] = new Thread(() -> {
                while (token.get() != index) {
                    LockSupport.park();
                }
                token.set(index + 1);
                if (index + 1 < count) {
                    LockSupport.unpark(ring[index + 1]);
                }
                done.countDown();
            });
        }
        for (Thread thread : ring) {
            thread.start();
        }
        token.set(0);
        LockSupport.unpark(ring[0]);
        System.out.println("parked all done " + done.await(60, TimeUnit.SECONDS) + " " + token);
    }

    static void barriers(int count) throws Exception {
        AtomicInteger trips = new AtomicInteger();
        CyclicBarrier barrier = new CyclicBarrier(count, trips::incrementAndGet);
        Semaphore semaphore = new Semaphore(3);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        inThreads(count, index -> {
            for (int i = 0; i < 3; i++) {
                barrier.await();
            }
            semaphore.acquire();
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            Thread.yield();
            inside.decrementAndGet();
            semaphore.release();
        });
        System.out.println("trips " + trips + ", inside at once " + (most.get() <= 3));
    }

    static void pools() throws Exception {
        var pool = Executors.newFixedThreadPool(20);
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            int number = i;
            tasks.add(() -> number * number % 7);
        }
        int sum = 0;
        for (var future : pool.invokeAll(tasks)) {
            sum += future.get();
        }
        pool.shutdown();
        System.out.println("pool " + sum + " " + pool.awaitTermination(60, TimeUnit.SECONDS));
        var timer = Executors.newScheduledThreadPool(2);
        CountDownLatch ticks = new CountDownLatch(5);
        timer.scheduleAtFixedRate(ticks::countDown, 1, 1, TimeUnit.MILLISECONDS);
        System.out.println("ticks " + ticks.await(60, TimeUnit.SECONDS));
        timer.shutdownNow();
        long even = IntStream.range(0, 100_000).parallel().filter(n -> n % 2 == 0).count();
        System.out.println("parallel " + even + " fork-join " + new ForkJoinPool(8).invoke(new Fibonacci(18)));
    }

    static class Fibonacci extends RecursiveTask<Integer> {
        final int n;

        Fibonacci(int n) {
            this.n = n;
        }

        @Override
        protected Integer compute() {
            if (n < 2) {
                return n;
            }
            Fibonacci other = new Fibonacci(n - 1);
            other.fork();
            return new Fibonacci(n - 2).compute() + other.join();
        }
    }

    static void queues() throws Exception {
        var queue = new LinkedBlockingQueue<Integer>(10);
        AtomicLong sum = new AtomicLong();
        inThreads(20, index -> {
            for (int i = 0; i < 200; i++) {
                if (index % 2 == 0) {
                    queue.put(i);
                } else {
                    sum.addAndGet(queue.take());
                }
            }
        });
        System.out.println("queue " + sum);
    }

    static void interrupts() throws Exception {
        Object monitor = new Object();
        AtomicInteger interrupted = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        Callable<?>[] waits = {
            () -> { Thread.sleep(1_000_000); return null; },
            () -> { synchronized (monitor) { monitor.wait(); } return null; },
            () -> { new CountDownLatch(1).await(); return null; },
            () -> { new LinkedBlockingQueue<>().take(); return null; },
        };
        for (int i = 0; i < 40; i++) {
            Callable<?> wait = waits[i % waits.length];
            Thread thread = new Thread(() -> {
                try {
                    wait.call();
                } catch (InterruptedException e) {
                    interrupted.incrementAndGet();
                } catch (Exception e) {
                    System.out.println(e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.interrupt();
            thread.join();
        }
        System.out.println("interrupted " + interrupted);
    }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[0]);
        monitors(count);
        waitAndNotify(Math.min(count, 50));
        locksAndConditions(count);
        parking(count);
        barriers(count);
        pools();
        queues();
        interrupts();
        Thread failing = new Thread(() -> { throw new IllegalStateException("own"); });
        failing.setUncaughtExceptionHandler((thread, why) -> System.out.println("uncaught " + why.getMessage()));
        failing.start();
        failing.join();
        System.out.println("alive " + failing.isAlive());
    }
}
