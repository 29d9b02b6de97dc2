// suite: args=12
// StackOverflowError is caught again and again, on the main thread and on others, with small and
// large stacks, in interpreted and in compiled code: guard pages by mprotect(2), and SIGSEGV on them.

public class StackOverflow {
    static int depth;

    static int deeper(int a, long b, double c) {
        depth++;
        return deeper(a + 1, b ^ a, c + 1) + 1;
    }

    static boolean overflow() {
        depth = 0;
        try {
            return deeper(0, 0, 0) < 0;
        } catch (StackOverflowError e) {
            return depth > 100;
        }
    }

    static int nested(int level) {
        try {
            return nested(level + 1);
        } catch (StackOverflowError e) {
            return level > 100 ? 1 : 0;
        }
    }

    public static void main(String[] args) throws Exception {
        int rounds = Integer.parseInt(args[0]);
        int caught = 0;
        for (int i = 0; i < rounds; i++) {
            caught += overflow() ? 1 : 0;
        }
        System.out.println("main " + caught);
        for (long size : new long[] {256 << 10, 1 << 20, 16 << 20}) {
            int[] count = {0};
            Thread thread = new Thread(null, () -> {
                for (int i = 0; i < rounds / 4; i++) {
                    count[0] += overflow() ? 1 : 0;
                }
            }, "deep", size);
            thread.start();
            thread.join();
            System.out.println((size >> 10) + " KiB " + count[0]);
        }
        System.out.println("nested " + nested(0));
        try {
            java.util.ArrayList<Object> list = new java.util.ArrayList<>();
            list.add(list);
            System.out.println("hashCode of itself: " + list.hashCode());
        } catch (StackOverflowError e) {
            System.out.println("hashCode of itself");
        }
    }
}
