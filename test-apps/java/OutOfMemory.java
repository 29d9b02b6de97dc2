// suite: jvm=-Xmx16m,-XX:MaxMetaspaceSize=16m,-XX:MaxDirectMemorySize=4m,-XX:-UseGCOverheadLimit
// OutOfMemoryError of each kind is caught, and the JVM goes on: heap, too large arrays, direct
// memory, metaspace.

import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

public class OutOfMemory {
    interface Filler {
        void fill() throws Exception;
    }

    static void attempt(String name, Filler filler) throws Exception {
        try {
            filler.fill();
            System.out.println(name + ": none");
        } catch (OutOfMemoryError e) {
            String message = String.valueOf(e.getMessage());
            // How much there was is no matter.
            System.out.println(name + ": " + message.replaceAll("[0-9]+ bytes.*", "N bytes"));
        }
    }

    static Object kept;

    static void fillHeap(int size) {
        List<Object> list = new ArrayList<>();
        kept = list;
        try {
            for (;;) {
                list.add(new byte[size]);
            }
        } finally {
            kept = null;
        }
    }

    static void fillMap() {
        var map = new HashMap<Integer, String>();
        for (int i = 0;; i++) {
            map.put(i, "value " + i);
        }
    }

    static void fillDirect() {
        List<ByteBuffer> list = new ArrayList<>();
        for (;;) {
            list.add(ByteBuffer.allocateDirect(1 << 20));
        }
    }

    /** Interfaces of many loaders, each with a class of its own. */
    static void fillMetaspace() throws Exception {
        List<Object> list = new ArrayList<>();
        URL[] place = {OutOfMemory.class.getProtectionDomain().getCodeSource().getLocation()};
        for (;;) {
            var loader = new URLClassLoader(place, null);
            Class<?> type = loader.loadClass("OutOfMemory$Filler");
            list.add(Proxy.newProxyInstance(loader, new Class<?>[] {type}, (p, m, a) -> null));
        }
    }

    public static void main(String[] args) throws Exception {
        for (int round = 0; round < 2; round++) {
            attempt("large arrays", () -> fillHeap(1 << 20));
            attempt("small arrays", () -> fillHeap(1 << 10));
            attempt("array", () -> kept = new long[Integer.MAX_VALUE]);
            attempt("longer array", () -> kept = new int[Integer.MAX_VALUE - 3]);
            attempt("direct", OutOfMemory::fillDirect);
        }
        attempt("map", OutOfMemory::fillMap);
        attempt("metaspace", OutOfMemory::fillMetaspace);
        attempt("after all", () -> kept = new byte[1 << 20]);
        Thread other = new Thread(() -> fillHeap(1 << 16));
        other.setUncaughtExceptionHandler((thread, why) -> System.out.println("thread ended by " + why.getMessage()));
        other.start();
        other.join();
    }
}
