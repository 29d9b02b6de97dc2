// FileChannel and its relatives: positions, holes, scatter and gather, transfers, locks, truncation,
// maps that see writes and files that see maps; directories, attributes, links, a file's end under a map.

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Collectors;

public class FileChannels {
    static final StandardOpenOption[] NEW = {
        StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW
    };

    static void positions(Path path) throws Exception {
        try (FileChannel file = FileChannel.open(path, NEW)) {
            System.out.println("write " + file.write(ByteBuffer.wrap("0123456789".getBytes())));
            file.write(ByteBuffer.wrap("end".getBytes()), 100_000);
            System.out.println("size " + file.size() + " position " + file.position());
            ByteBuffer hole = ByteBuffer.allocateDirect(4);
            System.out.println("hole " + file.read(hole, 50_000) + " " + hole.getInt(0));
            ByteBuffer[] parts = {ByteBuffer.allocate(3), ByteBuffer.allocate(4)};
            file.position(1);
            System.out.println("scatter " + file.read(parts) + " " + new String(parts[1].array()));
            for (ByteBuffer part : parts) {
                part.flip();
            }
            System.out.println("gather " + file.write(parts) + " at " + file.position());
            file.truncate(12);
            System.out.println("truncated " + file.size() + ", at its end " + file.read(ByteBuffer.allocate(1), 12));
            file.force(true);
            try (var lock = file.lock(0, 10, false)) {
                System.out.println("lock " + lock.isValid() + " " + lock.isShared());
            }
        }
    }

    static void transfers(Path from, Path to) throws Exception {
        byte[] data = new byte[1_000_000];
        new java.util.Random(1).nextBytes(data);
        Files.write(from, data);
        try (FileChannel source = FileChannel.open(from); FileChannel target = FileChannel.open(to, NEW)) {
            long sent = 0;
            while (sent < data.length) {
                sent += source.transferTo(sent, data.length - sent, target);
            }
            System.out.println("transferTo " + sent + " " + Files.mismatch(from, to));
            System.out.println("transferFrom " + target.transferFrom(source.position(0), 1_000_000, 5));
        }
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        System.out.println("copy " + Files.mismatch(from, to));
    }

    static void maps(Path path) throws Exception {
        try (FileChannel file = FileChannel.open(path, NEW)) {
            int size = 8 << 20;
            MappedByteBuffer map = file.map(FileChannel.MapMode.READ_WRITE, 0, size);
            System.out.println("mapped " + map.capacity() + ", file " + file.size());
            for (int i = 0; i < size; i += 4096) {
                map.putInt(i, i);
            }
            ByteBuffer four = ByteBuffer.allocate(4);
            file.read(four, 4096 * 77);
            System.out.println("file sees " + (four.getInt(0) == 4096 * 77));
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), 4096 * 78);
            System.out.println("map sees " + Integer.toHexString(map.getInt(4096 * 78)));
            MappedByteBuffer copy = file.map(FileChannel.MapMode.PRIVATE, 4096, 8192);
            copy.putInt(0, 0x55);
            System.out.println("private " + copy.getInt(0) + " " + map.getInt(4096));
            MappedByteBuffer odd = file.map(FileChannel.MapMode.READ_ONLY, 4096 * 78 + 2, 100);
            System.out.println("odd offset " + odd.get(0) + ", force " + map.force().isDirect());
            System.out.println("loaded " + map.load().isLoaded());
            long sum = 0;
            for (int i = 0; i < size; i += 4096) {
                sum += map.getInt(i);
            }
            System.out.println("sum " + sum);
        }
    }

    /** Memory behind the end of a file is SIGBUS, which the JVM makes an error of. */
    static void endUnderMap(Path path) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(16384);
            MappedByteBuffer map = file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 16384);
            map.put(12000, (byte) 7);
            file.setLength(4096);
            try {
                map.get(12000);
                System.out.println("beyond the end: no error");
            } catch (InternalError e) {
                System.out.println("beyond the end: InternalError");
            }
            file.setLength(16384);
            System.out.println("longer again " + map.get(12000));
        }
    }

    static void names(Path folder) throws Exception {
        Path inner = Files.createDirectories(folder.resolve("a/b/c"));
        Files.writeString(inner.resolve("text"), "gr\u00fc\u00dfe\n");
        System.out.println("text " + Files.readAllLines(inner.resolve("text")).get(0).length()
            + " " + Files.size(inner.resolve("text")));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("a/b/c/text"));
        Files.createLink(folder.resolve("hard"), inner.resolve("text"));
        Files.setPosixFilePermissions(folder.resolve("hard"), PosixFilePermissions.fromString("rw-r-----"));
        System.out.println("mode " + PosixFilePermissions.toString(Files.getPosixFilePermissions(inner.resolve("text")))
            + " " + Files.getAttribute(folder.resolve("hard"), "unix:nlink")
            + " " + Files.readSymbolicLink(folder.resolve("link")));
        try {
            Files.readString(folder.resolve("none"));
        } catch (NoSuchFileException e) {
            System.out.println("NoSuchFileException");
        }
        try {
            Files.createDirectory(inner);
        } catch (FileAlreadyExistsException e) {
            System.out.println("FileAlreadyExistsException");
        }
        Files.move(inner.resolve("text"), folder.resolve("moved"), StandardCopyOption.ATOMIC_MOVE);
        try (var walk = Files.walk(folder)) {
            System.out.println(walk.map(folder::relativize).map(Path::toString).sorted().collect(Collectors.joining(" ")));
        }
    }

    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("channels");
        try {
            positions(folder.resolve("positions"));
            transfers(folder.resolve("from"), folder.resolve("to"));
            maps(folder.resolve("map"));
            endUnderMap(folder.resolve("short"));
            names(Files.createDirectory(folder.resolve("names")));
        } finally {
            try (var walk = Files.walk(folder)) {
                walk.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
        System.out.println("gone " + !Files.exists(folder));
    }
}
