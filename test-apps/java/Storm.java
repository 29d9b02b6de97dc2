// suite: jvm=-Xmx64m,-XX:+UseSerialGC args=2
// The serial collector under a storm of allocations by several threads, with a checksum of what
// lives. The argument is how many seconds, and it goes on until something was collected; the programs
// Storm… do the same with other collectors.

import java.lang.management.ManagementFactory;
import java.lang.ref.SoftReference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

public class Storm {
    /** What lives: a chain of nodes, each with data that its number tells. */
    static final class Node {
        final int number;
        final byte[] data;
        Node next;

        Node(int number) {
            this.number = number;
            this.data = new byte[16 + number % 500];
            for (int i = 0; i < data.length; i++) {
                data[i] = (byte) (number * 31 + i);
            }
        }

        boolean isSound() {
            for (int i = 0; i < data.length; i++) {
                if (data[i] != (byte) (number * 31 + i)) {
                    return false;
                }
            }
            return data.length == 16 + number % 500;
        }
    }

    static final int LIVE = 2000;
    static final AtomicLong wrong = new AtomicLong();
    static final AtomicLong rounds = new AtomicLong();

    static volatile boolean isOver;

    static void work(int seed) {
        Node[] live = new Node[LIVE];
        int number = seed;
        for (int i = 0; i < LIVE; i++) {
            live[i] = new Node(number++);
        }
        List<WeakReference<Node>> weak = new ArrayList<>();
        SoftReference<byte[]> soft = null;
        while (!isOver) {
            for (int i = 0; i < 500; i++) {
                // Some live on in another's chain, most die young, a few are large.
                number = (number * 1_103_515_245 + 12_345) & 0x7fff_ffff;
                int place = number % LIVE;
                Node fresh = new Node(number);
                fresh.next = number % 3 == 0 ? live[(place + 1) % LIVE] : null;
                if (fresh.next != null) {
                    fresh.next.next = null;
                }
                live[place] = fresh;
            }
            weak.add(new WeakReference<>(live[number % LIVE]));
            soft = new SoftReference<>(new byte[100_000]);
            weak.removeIf(reference -> reference.get() == null);
            for (WeakReference<Node> reference : weak) {
                check(reference.get());
            }
            for (int i = 0; i < LIVE; i += 7) {
                check(live[i]);
            }
            rounds.incrementAndGet();
        }
        for (Node node : live) {
            check(node);
            check(node.next);
        }
    }

    static void check(Node node) {
        if (node != null && !node.isSound()) {
            wrong.incrementAndGet();
        }
    }

    static long collections() {
        long count = 0;
        for (var collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            count += collector.getCollectionCount();
        }
        return count;
    }

    public static void main(String[] args) throws Exception {
        long start = System.nanoTime();
        double seconds = Double.parseDouble(args[0]);
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; i++) {
            int seed = i * 1_000_003;
            threads[i] = new Thread(() -> work(seed));
            threads[i].start();
        }
        double passed;
        do {
            Thread.sleep(50);
            passed = (System.nanoTime() - start) / 1e9;
        } while (passed < seconds || (collections() == 0 && passed < seconds + 60));
        isOver = true;
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println("rounds " + (rounds.get() > 0) + ", collections " + (collections() > 0)
            + ", wrong " + wrong);
    }
}
