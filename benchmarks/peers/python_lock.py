# SPDX-License-Identifier: BSD-3-Clause
"""Lock of Python's multiprocessing."""
import time

from peer import Placed, fork, run_crew, scaled, serve


def alone(placement, count):
    lock = fork.Lock()
    with Placed(placement):
        begun = time.monotonic_ns()
        for _ in range(count):
            lock.acquire()
            lock.release()
        return (time.monotonic_ns() - begun) / count


def contended(placement, count):
    lock = fork.Lock()

    def role(gate):
        gate()
        for _ in range(count):
            lock.acquire()
            lock.release()

    return run_crew(placement, [role, role])[0] / (2 * count)


def make(placement, count):
    with Placed(placement):
        begun = time.monotonic_ns()
        for _ in range(count):
            fork.Lock()
        return (time.monotonic_ns() - begun) / count


serve("lock", {
    "uncontended": (("same",), lambda p, s: alone(p, scaled(300000, s))),
    "contended by 2": (("split", "same"), lambda p, s: contended(p, scaled(100000, s))),
    "make": (("same",), lambda p, s: make(p, scaled(2000, s))),
})
