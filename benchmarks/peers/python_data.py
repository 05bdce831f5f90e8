# SPDX-License-Identifier: BSD-3-Clause
"""The shared data of Python's multiprocessing. Its lists that may grow live in a manager."""
import time
from multiprocessing.shared_memory import SharedMemory

from peer import Placed, fork, run_crew, scaled, serve


def each(placement, count, step):
    with Placed(placement):
        begun = time.monotonic_ns()
        for i in range(count):
            step(i)
        return (time.monotonic_ns() - begun) / count


def count_up(placement, count):
    value = fork.Value("q", 0)
    with Placed(placement):
        begun = time.monotonic_ns()
        for _ in range(count):
            with value.get_lock():
                value.value += 1
        return (time.monotonic_ns() - begun) / count


def count_up_together(placement, count):
    value = fork.Value("q", 0)

    def role(gate):
        gate()
        for _ in range(count):
            with value.get_lock():
                value.value += 1

    return run_crew(placement, [role, role])[0] / (2 * count)


def read_locked(placement, count):
    array = fork.Array("q", 4096)
    return each(placement, count, lambda i: array[i % 4096])


def make_memory(placement, count):
    def make(_):
        memory = SharedMemory(create=True, size=4096)
        memory.close()
        memory.unlink()

    return each(placement, count, make)


def append(placement, count):
    with fork.Manager() as manager:
        items = manager.list()
        return each(placement, count, items.append)


both = ("split", "same")
serve("data", {
    "value += 1": (("same",), lambda p, s: count_up(p, scaled(200000, s))),
    "value += 1 by 2": (both, lambda p, s: count_up_together(p, scaled(50000, s))),
    "array get": (("same",), lambda p, s: read_locked(p, scaled(200000, s))),
    "make value": (("same",), lambda p, s: each(p, scaled(2000, s), lambda i: fork.Value("i", i))),
    "make shared memory": (("same",), lambda p, s: make_memory(p, scaled(2000, s))),
    "list append": (("same",), lambda p, s: append(p, scaled(2000, s))),
})
