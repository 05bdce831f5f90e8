# SPDX-License-Identifier: BSD-3-Clause
"""The synchronization primitives of Python's multiprocessing."""
import time

from peer import Placed, fork, run_crew, scaled, serve


def alone(placement, lock, count):
    with Placed(placement):
        begun = time.monotonic_ns()
        for _ in range(count):
            lock.acquire()
            lock.release()
        return (time.monotonic_ns() - begun) / count


def contended(placement, lock, count):
    def role(gate):
        gate()
        for _ in range(count):
            lock.acquire()
            lock.release()

    return run_crew(placement, [role, role])[0] / (2 * count)


def event_round_trip(placement, count):
    there, back = fork.Event(), fork.Event()

    def begin(gate):
        gate()
        for _ in range(count):
            there.set()
            back.wait()
            back.clear()

    def answer(gate):
        gate()
        for _ in range(count):
            there.wait()
            there.clear()
            back.set()

    return run_crew(placement, [begin, answer])[0] / count


def condition_round_trip(placement, count):
    condition, turn = fork.Condition(), fork.RawValue("q", 0)

    def turns(number):
        def role(gate):
            gate()
            for _ in range(count):
                with condition:
                    condition.wait_for(lambda: turn.value % 2 == number)
                    turn.value += 1
                    condition.notify()

        return role

    return run_crew(placement, [turns(0), turns(1)])[0] / count


def barrier_round(placement, count):
    barrier = fork.Barrier(2)

    def role(gate):
        gate()
        for _ in range(count):
            barrier.wait()

    return run_crew(placement, [role, role])[0] / count


def make(placement, count):
    with Placed(placement):
        begun = time.monotonic_ns()
        for _ in range(count):
            fork.Semaphore()
        return (time.monotonic_ns() - begun) / count


both = ("split", "same")
serve("sync", {
    "rlock": (("same",), lambda p, s: alone(p, fork.RLock(), scaled(300000, s))),
    "semaphore": (("same",), lambda p, s: alone(p, fork.Semaphore(), scaled(300000, s))),
    "semaphore by 2": (both, lambda p, s: contended(p, fork.Semaphore(), scaled(100000, s))),
    "event round trip": (both, lambda p, s: event_round_trip(p, scaled(2000, s))),
    "condition round trip": (both, lambda p, s: condition_round_trip(p, scaled(2000, s))),
    "barrier": (both, lambda p, s: barrier_round(p, scaled(2000, s))),
    "make semaphore": (("same",), lambda p, s: make(p, scaled(2000, s))),
})
