// What a Java program is told of its machine: processors, memory, descriptors, file stores, network
// interfaces, names, random numbers, time zones. And that a program that is not there cannot be run.

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.ZoneId;
import java.time.ZonedDateTime;

public class Machine {
    public static void main(String[] args) throws Exception {
        var system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        System.out.println("processors " + (system.getAvailableProcessors() >= 1));
        System.out.println("memory " + (system.getTotalMemorySize() > system.getFreeMemorySize()
            && system.getFreeMemorySize() > 0) + " " + (system.getCommittedVirtualMemorySize() > 0));
        System.out.println("descriptors " + (system.getOpenFileDescriptorCount() >= 3)
            + " " + (system.getMaxFileDescriptorCount() >= 1024));
        System.out.println("time " + (system.getProcessCpuTime() > 0) + " " + (system.getSystemLoadAverage() >= 0)
            + " " + (system.getCpuLoad() <= 1));
        System.out.println("heap " + (Runtime.getRuntime().maxMemory() >= Runtime.getRuntime().totalMemory()));
        System.out.println("pid " + (ProcessHandle.current().pid() > 0) + " "
            + (ProcessHandle.current().info().totalCpuDuration().isPresent()));
        FileStore store = Files.getFileStore(Path.of("/tmp"));
        System.out.println("store " + (store.getTotalSpace() > 0) + " " + (store.getUsableSpace() > 0)
            + " " + !store.type().isEmpty());
        NetworkInterface loopback = NetworkInterface.getByName("lo");
        System.out.println("lo " + loopback.isUp() + " " + loopback.isLoopback() + " "
            + loopback.inetAddresses().anyMatch(address -> address.getHostAddress().equals("127.0.0.1")));
        System.out.println("localhost " + InetAddress.getByName("localhost").isLoopbackAddress());
        try {
            InetAddress.getByName("nowhere.invalid");
        } catch (java.net.UnknownHostException e) {
            System.out.println("UnknownHostException");
        }
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        SecureRandom.getInstance("NativePRNG").nextBytes(bytes);
        System.out.println("random " + (java.util.Arrays.hashCode(bytes) != 0));
        System.out.println("zone " + ZonedDateTime.of(2024, 7, 1, 12, 0, 0, 0, ZoneId.of("Europe/Berlin")).toInstant());
        for (int i = 0; i < 3; i++) {
            try {
                Runtime.getRuntime().exec("/nowhere/program").waitFor();
            } catch (IOException e) {
                System.out.println("exec: IOException");
            }
        }
        System.out.println("stack " + new Throwable().getStackTrace()[0].getLineNumber());
    }
}
