#!/usr/bin/env python3
"""Clients that a server would rather not have: siege.py PORT [COUNT (1000)], until it is ended.

A fifth each says nothing, sends a request byte by byte, sends what is no HTTP, promises a body that never comes, asks for much and
reads nothing. One that is closed comes again, all together at most 500 times a second.
"""
import random, resource, selectors, socket, sys, time

KINDS = (
    b"",
    b"GET /api/state HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"\x16\x03\x01\x02\x00\x01 this is not HTTP\r\n\r\n",
    b"POST /api/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\nx",
    b"GET /dashboard.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20,
)
AGAIN = 500  # a second


def main(port, count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, max(count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    sockets = selectors.DefaultSelector()

    def come(kind):
        one = socket.socket()
        one.setblocking(False)
        try:
            one.connect(("127.0.0.1", port))
        except BlockingIOError:
            pass
        except OSError:
            return one.close()
        sockets.register(one, selectors.EVENT_READ | selectors.EVENT_WRITE, kind)

    def go(key):
        sockets.unregister(key.fileobj)
        key.fileobj.close()
        gone.append(key.data)

    gone = [i % len(KINDS) for i in range(count)]
    trickled = time.monotonic()
    while True:
        began = time.monotonic()
        for _ in range(min(AGAIN // 10, len(gone))):
            come(gone.pop())
        for key, events in sockets.select(timeout=0):
            try:
                if events & selectors.EVENT_WRITE:
                    if KINDS[key.data]:
                        key.fileobj.send(KINDS[key.data])
                    sockets.modify(key.fileobj, selectors.EVENT_READ, key.data)
                elif key.data != 4 and not key.fileobj.recv(4096):  # the last kind reads nothing
                    go(key)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                go(key)
        if began - trickled > 1:
            trickled = began
            for key in list(sockets.get_map().values()):
                if key.data == 1:
                    try:
                        key.fileobj.send(random.choice((b"a", b"b")))
                    except OSError:
                        go(key)
        time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
