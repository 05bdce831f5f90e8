# SPDX-License-Identifier: BSD-3-Clause
"""Pipe of Python's multiprocessing."""
from peer import fork, run_crew, scaled, serve, transfer


def ping_pong(placement, count):
    here, there = fork.Pipe()

    def client(gate):
        here.send(0)
        here.recv()
        gate()
        for i in range(count):
            here.send(i)
            assert here.recv() == i + 1

    def server(gate):
        there.send(there.recv())
        gate()
        for _ in range(count):
            there.send(there.recv() + 1)

    return run_crew(placement, [client, server])[0] / count


def stream(placement, count):
    reader, writer = fork.Pipe(duplex=False)

    def produce(gate):
        writer.send(0)
        gate()
        for i in range(1, count + 1):
            writer.send(i)

    def consume(gate):
        total = reader.recv()
        gate()
        for _ in range(count):
            total += reader.recv()
        return total

    elapsed, sums = run_crew(placement, [produce, consume])
    assert sum(each or 0 for each in sums) == count * (count + 1) // 2
    return elapsed / count


BOTH = ("split", "same")
serve("pipe", {
    "ping-pong": (BOTH, lambda p, s: ping_pong(p, scaled(1500, s))),
    "int stream": (BOTH, lambda p, s: stream(p, scaled(30000, s))),
    "bytes 64 KiB": (BOTH, lambda p, s: transfer(p, 64 << 10, scaled(1000, s))),
    "bytes 1 MiB": (BOTH, lambda p, s: transfer(p, 1 << 20, scaled(100, s))),
    "bytes 64 MiB": (BOTH, lambda p, s: transfer(p, 64 << 20, scaled(4, s))),
})
