# SPDX-License-Identifier: BSD-3-Clause
"""The objects of Python's SyncManager."""
import os
import time
from multiprocessing.managers import SyncManager

from peer import Placed, cpus_of, fork, scaled, serve


def started(placement):
    manager = SyncManager(ctx=fork)
    manager.start(os.sched_setaffinity, (0, cpus_of(placement, 1)))
    return manager


def calls(placement, count, make, call):
    with Placed(placement), started(placement) as manager:
        shared = make(manager)
        call(shared, 0)
        begun = time.monotonic_ns()
        for i in range(count):
            call(shared, i)
        return (time.monotonic_ns() - begun) / count


def dict_set(shared, i):
    shared["key"] = i


def dict_get(shared, i):
    return shared["key"]


def namespace(manager):
    made = manager.Namespace()
    made.x = 5
    return made


def lock_and_unlock(lock, i):
    lock.acquire()
    lock.release()


def start_and_shutdown(placement, count):
    with Placed(placement):
        begun = time.monotonic_ns()
        for _ in range(count):
            with started(placement):
                pass
        return (time.monotonic_ns() - begun) / count


both = ("split", "same")
serve("manager", {
    "dict set": (both, lambda p, s: calls(p, scaled(5000, s), lambda m: m.dict(), dict_set)),
    "dict get": (both, lambda p, s: calls(p, scaled(5000, s), lambda m: m.dict(key=1), dict_get)),
    "list append": (both, lambda p, s: calls(p, scaled(5000, s), lambda m: m.list(),
                                             lambda shared, i: shared.append(i))),
    "namespace get": (both, lambda p, s: calls(p, scaled(5000, s), namespace,
                                               lambda shared, i: shared.x)),
    "queue put": (both, lambda p, s: calls(p, scaled(5000, s), lambda m: m.Queue(),
                                           lambda shared, i: shared.put(i))),
    "lock and unlock": (both, lambda p, s: calls(p, scaled(5000, s), lambda m: m.Lock(),
                                                 lock_and_unlock)),
    "start and shutdown": (("free",), lambda p, s: start_and_shutdown(p, scaled(20, s))),
})
