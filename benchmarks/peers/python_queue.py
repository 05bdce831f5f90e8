# SPDX-License-Identifier: BSD-3-Clause
"""Queue, and Pipe for bytes, of Python's multiprocessing."""
import time

from peer import fork, run_crew, scaled, serve, transfer

BURST = 100


def stream(placement, producers, count, maxsize=0, queue=None, done=lambda: None):
    queue, each = queue or fork.Queue(maxsize), count // producers or 1

    def produce(gate):
        queue.put(0)
        gate()
        for i in range(1, each + 1):
            queue.put(i)

    def consume(gate):
        total = queue.get()
        done()
        gate()
        for _ in range(each):
            total += queue.get()
            done()
        return total

    elapsed, sums = run_crew(placement, [produce, consume] * producers)
    assert sum(sums) == producers * each * (each + 1) // 2
    return elapsed / (each * producers)


def joinable_stream(placement, count):
    queue = fork.JoinableQueue()
    return stream(placement, 1, count, queue=queue, done=queue.task_done)


def simple_stream(placement, count):
    return stream(placement, 1, count, queue=fork.SimpleQueue())


def round_trip(placement, count):
    there, back = fork.Queue(), fork.Queue()

    def client(gate):
        there.put(0)
        back.get()
        gate()
        for i in range(count):
            there.put(i)
            assert back.get() == i + 1

    def server(gate):
        back.put(there.get())
        gate()
        for _ in range(count):
            back.put(there.get() + 1)

    return run_crew(placement, [client, server])[0] / count


def bursts(placement, count):
    queue = fork.Queue()

    def send(gate):
        gate()
        for _ in range(count):
            time.sleep(0.001)
            begun = time.monotonic_ns()
            for _ in range(BURST):
                queue.put(begun)

    def receive(gate):
        gate()
        total = 0
        for _ in range(count):
            for _ in range(BURST):
                begun = queue.get()
            total += time.monotonic_ns() - begun
        return total

    return run_crew(placement, [send, receive])[1][0] / (count * BURST)


BOTH = ("split", "same")
serve("queue", {
    "int 1p1c": (BOTH, lambda p, s: stream(p, 1, scaled(30000, s))),
    "int 2p2c": (("free", "same"), lambda p, s: stream(p, 2, scaled(30000, s))),
    "int bounded 100": (BOTH, lambda p, s: stream(p, 1, scaled(20000, s), 100)),
    "joinable int 1p1c": (BOTH, lambda p, s: joinable_stream(p, scaled(10000, s))),
    "simple int 1p1c": (BOTH, lambda p, s: simple_stream(p, scaled(30000, s))),
    "round trip": (BOTH + ("free",), lambda p, s: round_trip(p, scaled(1500, s))),
    "burst of 100": (BOTH, lambda p, s: bursts(p, scaled(100, s))),
    "bytes 64 KiB": (BOTH, lambda p, s: transfer(p, 64 << 10, scaled(1000, s))),
    "bytes 1 MiB": (BOTH, lambda p, s: transfer(p, 1 << 20, scaled(100, s))),
    "bytes 64 MiB": (BOTH, lambda p, s: transfer(p, 64 << 20, scaled(4, s))),
})
