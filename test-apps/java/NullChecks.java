// suite: jvm=-XX:-OmitStackTraceInFastThrow,-XX:TieredStopAtLevel=1 args=20000
// Exceptions that the JVM makes of faults: each null pointer is a SIGSEGV in compiled code, each
// division by zero a SIGFPE. The argument is how often; a million takes some minutes in a guest.

public class NullChecks {
    int field = 1;
    NullChecks next;

    static int read(NullChecks object) {
        return object.field;
    }

    static void write(NullChecks object, int value) {
        object.field = value;
    }

    static int follow(NullChecks object) {
        return object.next.next.field;
    }

    static int divide(int a, int b) {
        return a / b;
    }

    static long remainder(long a, long b) {
        return a % b;
    }

    static int length(int[] array) {
        return array.length;
    }

    /** Does one of the faulting things; local values must outlive the exception. */
    static long one(int kind, NullChecks good) {
        long before = kind * 31L;
        double real = kind * 0.5;
        try {
            switch (kind) {
                case 0 -> read(null);
                case 1 -> write(null, 5);
                case 2 -> follow(good);
                case 3 -> divide(kind, 0);
                case 4 -> remainder(kind, 0L);
                default -> length(null);
            }
            return 0;
        } catch (NullPointerException e) {
            return before + 1 + (long) (real * 2);
        } catch (ArithmeticException e) {
            return before + 100 + (long) (real * 2);
        }
    }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[0]);
        NullChecks good = new NullChecks();
        good.next = new NullChecks();
        long[] sums = new long[3];
        Thread[] threads = new Thread[sums.length];
        for (int t = 0; t < threads.length; t++) {
            int index = t;
            threads[t] = new Thread(() -> {
                for (int i = 0; i < count / threads.length; i++) {
                    sums[index] += one((i + index) % 6, good);
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println(sums[0] + " " + sums[1] + " " + sums[2]);
        System.out.println(read(good) + " " + divide(7, 2) + " " + length(new int[3]));
        try {
            read(null);
        } catch (NullPointerException e) {
            System.out.println(e.getMessage());
        }
    }
}
