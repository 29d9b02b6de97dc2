// suite: args=45
// Compiled code is thrown away again and again: classes that come later, branches never taken before,
// types never seen before. Code is patched and pages of it change while other threads run it.

import java.net.URL;
import java.net.URLClassLoader;
import java.util.function.IntUnaryOperator;

public class Deoptimise {
    public static class Base implements IntUnaryOperator {
        @Override
        public int applyAsInt(int n) {
            return n + 1;
        }
    }

    public static class Derived extends Base {
        @Override
        public int applyAsInt(int n) {
            return n + 2;
        }
    }

    public static class Runner implements IntUnaryOperator {
        int rare;

        /** Compiled for one class and one branch, until both change. */
        @Override
        public int applyAsInt(int rounds) {
            Base object = new Base();
            int sum = 0;
            for (int i = 0; i < rounds; i++) {
                sum += loop(object, i, -1);
            }
            sum += loop(new Derived(), rounds, 3);
            for (int i = 0; i < rounds; i++) {
                sum += loop((i & 1) == 0 ? object : new Derived(), i, i % 97);
            }
            return sum;
        }

        int loop(Base object, int n, int unusual) {
            int sum = 0;
            for (int i = 0; i < 20; i++) {
                sum += object.applyAsInt(n + i);
                if (i == unusual) {
                    rare++;
                    sum ^= rare;
                }
            }
            return sum;
        }
    }

    public static void main(String[] args) throws Exception {
        int times = Integer.parseInt(args[0]);
        URL[] place = {Deoptimise.class.getProtectionDomain().getCodeSource().getLocation()};
        int[] sums = new int[3];
        Thread[] threads = new Thread[sums.length];
        for (int t = 0; t < threads.length; t++) {
            int index = t;
            threads[t] = new Thread(() -> {
                try {
                    for (int i = 0; i < times / threads.length; i++) {
                        // A loader of its own: the classes and their compiled code are new each time.
                        try (var loader = new URLClassLoader(place, null)) {
                            Class<?> runner = loader.loadClass("Deoptimise$Runner");
                            var operator = (IntUnaryOperator) runner.getDeclaredConstructor().newInstance();
                            sums[index] = sums[index] * 31 + operator.applyAsInt(3000);
                        }
                        if (i % 10 == 0) {
                            System.gc();
                        }
                    }
                } catch (Exception e) {
                    System.out.println(e);
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println(sums[0] + " " + sums[1] + " " + sums[2]);
    }
}
