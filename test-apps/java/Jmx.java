// JMX over TCP: a connector server on loopback and a client of it, attributes, operations,
// notifications, a bean of one's own.

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.ThreadMXBean;
import java.rmi.registry.LocateRegistry;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.management.JMX;
import javax.management.Notification;
import javax.management.NotificationBroadcasterSupport;
import javax.management.ObjectName;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXServiceURL;

public class Jmx {
    public interface CounterMBean {
        int getCount();

        void add(int number);
    }

    public static class Counter extends NotificationBroadcasterSupport implements CounterMBean {
        private int count;

        @Override
        public synchronized int getCount() {
            return count;
        }

        @Override
        public synchronized void add(int number) {
            count += number;
            sendNotification(new Notification("added", this, count, "now " + count));
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("java.rmi.server.hostname", "127.0.0.1");
        var beans = ManagementFactory.getPlatformMBeanServer();
        ObjectName name = new ObjectName("test:type=Counter");
        beans.registerMBean(new Counter(), name);
        var address = new JMXServiceURL("service:jmx:rmi://127.0.0.1");
        var server = JMXConnectorServerFactory.newJMXConnectorServer(address, null, beans);
        server.start();
        try (var connector = JMXConnectorFactory.connect(server.getAddress())) {
            var connection = connector.getMBeanServerConnection();
            CountDownLatch told = new CountDownLatch(3);
            connection.addNotificationListener(name, (n, o) -> told.countDown(), null, null);
            CounterMBean counter = JMX.newMBeanProxy(connection, name, CounterMBean.class);
            for (int i = 1; i <= 3; i++) {
                counter.add(i);
            }
            System.out.println("count " + counter.getCount() + ", told " + told.await(60, TimeUnit.SECONDS));
            MemoryMXBean memory = ManagementFactory.newPlatformMXBeanProxy(
                connection, ManagementFactory.MEMORY_MXBEAN_NAME, MemoryMXBean.class);
            memory.gc();
            System.out.println("heap " + (memory.getHeapMemoryUsage().getUsed() > 0));
            ThreadMXBean threads = ManagementFactory.newPlatformMXBeanProxy(
                connection, ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class);
            System.out.println("threads " + (threads.dumpAllThreads(true, true).length > 3)
                + ", deadlocks " + (threads.findDeadlockedThreads() != null)
                + ", time " + (threads.getThreadCpuTime(threads.getAllThreadIds()[0]) != 0));
            for (String attribute : new String[] {"Arch", "Name"}) {
                System.out.println(attribute + " " + connection.getAttribute(
                    new ObjectName("java.lang:type=OperatingSystem"), attribute));
            }
        }
        server.stop();
        LocateRegistry.createRegistry(0);
        System.out.println("stopped " + !server.isActive());
        System.exit(0);
    }
}
