// suite: args=500
// A server on one selector and many clients at once, over loopback: accept, read, write, partial
// writes, clients that close half, timeouts, wake-ups.

import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicInteger;

public class Server extends Thread {
    final Selector selector;
    final ServerSocketChannel listener;
    int accepted;
    volatile int closed;
    volatile boolean isOver;

    Server() throws Exception {
        selector = Selector.open();
        listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
    }

    @Override
    public void run() {
        try {
            while (!isOver) {
                selector.select(this::serve);
            }
        } catch (Exception e) {
            System.out.println("server: " + e);
        }
    }

    void serve(SelectionKey key) {
        try {
            if (key.isAcceptable()) {
                for (SocketChannel client; (client = listener.accept()) != null; accepted++) {
                    client.configureBlocking(false);
                    client.register(selector, SelectionKey.OP_READ, ByteBuffer.allocateDirect(4096));
                }
                return;
            }
            SocketChannel client = (SocketChannel) key.channel();
            ByteBuffer buffer = (ByteBuffer) key.attachment();
            if (key.isReadable() && client.read(buffer) < 0) {
                client.close();
                closed++;
                return;
            }
            buffer.flip();
            client.write(buffer);
            buffer.compact();
            int write = buffer.position() > 0 ? SelectionKey.OP_WRITE : 0;
            int read = buffer.hasRemaining() ? SelectionKey.OP_READ : 0;
            key.interestOps(read | write);
        } catch (Exception e) {
            System.out.println("serve: " + e);
            key.cancel();
        }
    }

    /** Clients on one selector of their own; each sends and checks {@code rounds} messages. */
    static int manyClients(InetSocketAddress address, int count, int rounds) throws Exception {
        Selector selector = Selector.open();
        int[] done = new int[count];
        for (int i = 0; i < count; i++) {
            SocketChannel client = SocketChannel.open();
            client.configureBlocking(false);
            client.connect(address);
            client.register(selector, SelectionKey.OP_CONNECT, i);
        }
        int open = count;
        int wrong = 0;
        ByteBuffer buffer = ByteBuffer.allocate(64);
        while (open > 0) {
            if (selector.select(60_000) == 0) {
                System.out.println("clients wait in vain: " + open);
                break;
            }
            for (SelectionKey key : selector.selectedKeys()) {
                SocketChannel client = (SocketChannel) key.channel();
                int index = (Integer) key.attachment();
                if (key.isConnectable()) {
                    client.finishConnect();
                    key.interestOps(SelectionKey.OP_READ);
                } else {
                    buffer.clear();
                    if (client.read(buffer) != 8) {
                        wrong++;
                    }
                    buffer.flip();
                    wrong += buffer.getInt() == index && buffer.getInt() == done[index] ? 0 : 1;
                    if (++done[index] == rounds) {
                        client.close();
                        open--;
                        continue;
                    }
                }
                buffer.clear().putInt(index).putInt(done[index]).flip();
                client.write(buffer);
            }
            selector.selectedKeys().clear();
        }
        selector.close();
        return wrong;
    }

    /** A client with blocking streams that sends more than all buffers hold. */
    static boolean large(InetSocketAddress address, int size) throws Exception {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            byte[] data = new byte[size];
            new java.util.Random(size).nextBytes(data);
            Thread writer = new Thread(() -> {
                try {
                    socket.getOutputStream().write(data);
                    socket.shutdownOutput();
                } catch (Exception e) {
                    System.out.println("writer: " + e);
                }
            });
            writer.start();
            byte[] back = new byte[size];
            new DataInputStream(socket.getInputStream()).readFully(back);
            writer.join();
            return java.util.Arrays.equals(data, back);
        }
    }

    static void blocking() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(50);
            try {
                server.accept();
            } catch (SocketTimeoutException e) {
                System.out.println("accept: timeout");
            }
            try (Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                    Socket peer = server.accept()) {
                client.setSoTimeout(50);
                client.setTcpNoDelay(true);
                client.setKeepAlive(true);
                System.out.println("options " + client.getTcpNoDelay() + " " + client.getKeepAlive()
                    + " " + client.getReuseAddress() + " " + client.getSoLinger());
                try {
                    client.getInputStream().read();
                } catch (SocketTimeoutException e) {
                    System.out.println("read: timeout");
                }
                peer.close();
                System.out.println("end " + client.getInputStream().read());
            }
            int port = server.getLocalPort();
            server.close();
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
            } catch (java.net.ConnectException e) {
                System.out.println("connect: " + e.getMessage());
            }
        }
        // A blocked accept ends when another thread closes the socket.
        ServerSocket server = new ServerSocket(0);
        AtomicInteger ended = new AtomicInteger();
        Thread blocked = new Thread(() -> {
            try {
                server.accept();
            } catch (java.io.IOException e) {
                ended.incrementAndGet();
            }
        });
        blocked.start();
        Thread.sleep(50);
        server.close();
        blocked.join();
        System.out.println("closed under accept " + ended);
    }

    static void datagramsAndPipes() throws Exception {
        try (DatagramChannel one = DatagramChannel.open(); DatagramChannel other = DatagramChannel.open()) {
            one.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            other.connect(one.getLocalAddress());
            other.write(ByteBuffer.wrap("datagram".getBytes()));
            ByteBuffer buffer = ByteBuffer.allocate(100);
            boolean isFromOther = one.receive(buffer).equals(other.getLocalAddress());
            System.out.println("datagram " + buffer.flip().remaining() + " " + isFromOther);
        }
        Pipe pipe = Pipe.open();
        pipe.sink().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        pipe.sink().close();
        ByteBuffer buffer = ByteBuffer.allocate(10);
        System.out.println("pipe " + pipe.source().read(buffer) + " " + pipe.source().read(buffer));
    }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[0]);
        Server server = new Server();
        server.start();
        InetSocketAddress address = (InetSocketAddress) server.listener.getLocalAddress();
        System.out.println("wrong " + manyClients(address, count, 10));
        System.out.println("large " + large(address, 3_000_000));
        while (server.closed < count + 1) {
            Thread.sleep(10);
        }
        server.isOver = true;
        server.selector.wakeup();
        server.join();
        System.out.println("accepted " + server.accepted + ", closed " + server.closed);
        blocking();
        datagramsAndPipes();
    }
}
