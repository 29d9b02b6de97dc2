"""A server with threads, by HTTP and by HTTPS, which SIGTERM ends: the check asks it."""
import http.server
import queue
import signal
import ssl
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/bytes/"):
            count = int(self.path.removeprefix("/bytes/"))
            self.answer((bytes(range(251)) * (count // 251 + 1))[:count])
        elif self.path == "/threads":
            self.answer(b"%d\n" % sum_by_threads(50, 200))
        else:
            self.answer(b"hello from Python\n")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_):
        """A client that vanishes is no news."""


def sum_by_threads(count, rounds):
    """Has threads count under a lock and pass on what they have by a queue; returns the sum."""
    lock, results, total = threading.Lock(), queue.Queue(), [0]

    def work():
        for _ in range(rounds):
            with lock:
                total[0] += 1
        results.put(total[0])

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for _ in threads:
        results.get()
    for thread in threads:
        thread.join()
    return total[0]


# Threads that are started from here on leave the signal to the first.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
plain, secure = (Server(("", int(port)), Handler) for port in sys.argv[1:3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3])
# Handshakes are made by the clients' threads: who says nothing keeps no other waiting.
secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
for server in (plain, secure):
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("listening", flush=True)
print("ended by", signal.Signals(signal.sigwait([signal.SIGTERM])).name, flush=True)
