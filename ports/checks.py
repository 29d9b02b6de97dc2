"""What the checks of ports share.

A check is a script: it registers its items, and ends with `run_items`. The second half is for those
whose arguments are the words that start the program, because their port publishes nothing.
"""
import contextlib
import re
import signal
import socket
import struct
import subprocess
import sys
import time

# Seconds in which a program has to end by itself, however slow the machine.
TIMEOUT = 120
ITEMS = []


def item(function):
    """Registers an item; the function's name is its name."""
    ITEMS.append(function)
    return function


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r:.300}, wanted {wanted!r:.300}")


def run_items():
    """Runs all items, prints what comes of each and their count, and exits with 1 if one failed."""
    failed = 0
    for function in ITEMS:
        name = function.__name__
        start = time.monotonic()
        try:
            function()
        except Exception as error:  # whatever it is, it is this item's failure
            failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
        else:
            print(f"ok {name} ({time.monotonic() - start:.2f} s)", flush=True)
    print(f"{len(ITEMS) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


def load(host, port, *words):
    """Has ab ask a web server; demands that all requests are answered, and returns ab's counts."""
    command = ["ab", "-q", "-s", "60", *words, f"http://{host}:{port}/"]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr.strip().splitlines()[-1:])
    number = {name: int(count) for name, count in re.findall(r"([\w-]+) requests: +(\d+)", done.stdout)}
    equal((number["Complete"], number["Failed"]), (int(words[words.index("-n") + 1]), 0))
    return number


def vanish(connection):
    """Makes the end of a connection a reset, as where a client is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# The words that start the program. In a guest the last one stands before the program's own
# arguments; the machine's go in ahead of it.
WORDS = sys.argv[1:]
IS_GUEST = WORDS[-1:] == ["--"]


def run(*arguments, given=""):
    """Runs the program to its end; returns its output and status."""
    done = subprocess.run([*WORDS, *arguments], input=given, capture_output=True, timeout=TIMEOUT,
                          text=True)
    return done.stdout, done.returncode


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(ports, files, arguments):
    """Runs the program as a server. Arguments that are keys of `ports` or `files` are put in as they
    are named there: published ports of the host, and files of the host."""
    if IS_GUEST:
        machine = [f"--publish={host}:{guest}" for guest, host in ports.items()]
        machine += [f"--file={host}:{guest}" for guest, host in files.items()]
        command = [*WORDS[:-1], "--json", *machine, "--", *arguments]
    else:
        names = {guest: str(host) for guest, host in (ports | files).items()}
        command = [*WORDS, *(names.get(word, word) for word in arguments)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def stop(process):
    """Ends a server by SIGTERM; returns the rest of its output, and its status."""
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=TIMEOUT)
    return output, process.returncode
