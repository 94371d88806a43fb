#!/usr/bin/env python3
"""A proxy on loopback that can be a bad network: bench/proxy.py SOCKET

Passes each connection on to the server at the Unix socket SOCKET; tells its port in its first line. On its standard input, a line each:

  target SOCKET     new connections go there
  cut               all connections are reset
  refuse SECONDS    the same, and so are new ones for so long
  hold SECONDS      nothing is passed on either way, and new connections are taken and hear nothing; then what was held goes on
  drop              the same, without end, until `cut`: what was held is lost
  half BYTES        of what the server says on each connection, so much is passed on and then the connection reset: a statement
                    was carried out, and who sent it does not hear so
"""
import asyncio, socket, struct, sys

PIECE = 1 << 16


def reset(writer):
    """Ends a connection as a machine does that knows nothing of it."""
    sock = writer.get_extra_info("socket")
    if not writer.transport.is_closing() and sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxy:
    def __init__(self, target):
        self.target, self.connections, self.refused_until = target, set(), 0.0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.left = {}  # of a connection that is to be cut in the middle: bytes

    async def serve(self, reader, writer):
        if asyncio.get_running_loop().time() < self.refused_until:
            return reset(writer)
        ends = [writer]
        self.connections.add(writer)
        try:
            await self.flowing.wait()
            there, server = await asyncio.open_unix_connection(self.target)
            ends.append(server)
            pumps = [asyncio.create_task(self.pump(reader, server, None)), asyncio.create_task(self.pump(there, writer, writer))]
            _, others = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
        except OSError:
            pass
        finally:
            self.connections.discard(writer)
            self.left.pop(writer, None)
            for end in ends:
                reset(end)

    async def pump(self, reader, writer, answers_of):
        try:
            while piece := await reader.read(PIECE):
                await self.flowing.wait()
                if answers_of in self.left:
                    piece = piece[:self.left[answers_of]]
                    self.left[answers_of] -= len(piece)
                writer.write(piece)
                await writer.drain()
                if self.left.get(answers_of) == 0:
                    return
        except OSError:
            pass

    def cut(self):
        for writer in list(self.connections):
            reset(writer)
        self.flowing.set()

    async def do(self, what, value):
        if what == "target":
            self.target = value
        elif what == "cut":
            self.cut()
        elif what == "refuse":
            self.refused_until = asyncio.get_running_loop().time() + float(value)
            self.cut()
        elif what in ("hold", "drop"):
            self.flowing.clear()
            if what == "hold":
                await asyncio.sleep(float(value))
                self.flowing.set()
        elif what == "half":
            self.left = dict.fromkeys(self.connections, int(value))


async def main():
    proxy = Proxy(sys.argv[1])
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    tasks = set()
    while line := (await orders.readline()).decode():
        what, _, value = line.strip().partition(" ")
        task = asyncio.create_task(proxy.do(what, value))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(main())
