// SIGTERM runs the shutdown hooks, all threads' finally blocks or not, and ends with 143; a handler
// of one's own for SIGHUP and SIGUSR2 runs on a thread of the JVM.

import java.util.concurrent.CountDownLatch;
import sun.misc.Signal;

public class ShutdownHooks {
    public static void main(String[] args) throws Exception {
        for (String name : new String[] {"HUP", "USR2"}) {
            CountDownLatch came = new CountDownLatch(2);
            Signal.handle(new Signal(name), signal -> {
                System.out.println("signal " + signal.getName());
                came.countDown();
            });
            Signal.raise(new Signal(name));
            while (came.getCount() > 1) {
                Thread.sleep(1);
            }
            Signal.raise(new Signal(name));
            came.await();
        }
        Thread first = new Thread(() -> System.out.println("first hook"));
        Thread second = new Thread(() -> {
            first.start();
            try {
                first.join();
            } catch (InterruptedException e) {
                System.out.println(e);
            }
            System.out.println("second hook");
        });
        Runtime.getRuntime().addShutdownHook(second);
        Thread daemon = new Thread(() -> {
            for (;;) {
                Thread.onSpinWait();
            }
        });
        daemon.setDaemon(true);
        daemon.start();
        System.out.println("raising");
        Signal.raise(new Signal("TERM"));
        Thread.sleep(Long.MAX_VALUE);
    }
}
