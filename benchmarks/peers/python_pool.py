# SPDX-License-Identifier: BSD-3-Clause
"""Pool of Python's multiprocessing, with two workers that stay between the repeats."""
import time

from peer import Placed, fork, scaled, serve

LARGE = b"\7" * (64 << 20)
pools = {}


def ident(x):
    return x


def large():
    return LARGE


def pool_of(placement):
    if placement not in pools:
        pools[placement] = fork.Pool(2)
    return pools[placement]


def each(placement, repeats, operations, work):
    """Nanoseconds for each of the operations of which `work(pool)` does so many."""
    with Placed(placement):
        pool = pool_of(placement)
        elapsed = 0
        for _ in range(repeats):
            begun = time.monotonic_ns()
            result = work(pool)
            elapsed += time.monotonic_ns() - begun
            del result
        return elapsed / (repeats * operations)


def mapped(items, repeats, function, chunksize=None):
    def measure(placement, scale):
        numbers = list(range(scaled(items, scale)))
        return each(placement, repeats, len(numbers),
                    lambda pool: pool.map(function, numbers, chunksize))

    return both, measure


def lazily(name, items):
    def measure(placement, scale):
        numbers = range(scaled(items, scale))

        def work(pool):
            assert sum(getattr(pool, name)(ident, numbers)) == sum(numbers)

        return each(placement, 1, len(numbers), work)

    return both, measure


def applied(count):
    def measure(placement, scale):
        return each(placement, scaled(count, scale), 1, lambda pool: pool.apply(ident, (1,)))

    return both, measure


def applied_later(count):
    def measure(placement, scale):
        number = scaled(count, scale)

        def work(pool):
            results = [pool.apply_async(ident, (i,)) for i in range(number)]
            assert [result.get() for result in results] == list(range(number))

        return each(placement, 1, number, work)

    return both, measure


def made(count):
    def measure(placement, scale):
        def work(_):
            pool = fork.Pool(2)
            pool.close()
            pool.join()

        return each(placement, scaled(count, scale), 1, work)

    return both, measure


def idle(_placement, scale):
    """Percent of a CPU."""
    with fork.Pool(2) as pool:
        pool.map(abs, range(1000))
        time.sleep(0.1)
        workers = pool._pool

        def used():
            total = time.process_time_ns()
            for worker in workers:
                with open(f"/proc/{worker.pid}/schedstat") as file:
                    total += int(file.read().split()[0])
            return total

        before, begun = used(), time.monotonic_ns()
        time.sleep(scaled(10000, scale) / 1000)
        return 100 * (used() - before) / (time.monotonic_ns() - begun)


def large_results(count):
    def measure(placement, scale):
        number = scaled(count, scale)

        def work(pool):
            assert len(pool.apply(large)) == len(LARGE)

        return each(placement, number, 1, work)

    return both, measure


both = ("free", "same")
serve("pool", {
    "map 100k": mapped(100000, 5, abs),
    "map 100k, def": mapped(100000, 5, ident),
    "map 1M": mapped(1000000, 1, abs),
    "map 1M, def": mapped(1000000, 1, ident),
    "map chunksize 1": mapped(10000, 1, abs, chunksize=1),
    "imap chunksize 1": lazily("imap", 10000),
    "imap_unordered chunksize 1": lazily("imap_unordered", 10000),
    "apply": applied(500),
    "apply, busy machine": applied(300),
    "apply_async 20k": applied_later(20000),
    "make": made(10),
    "idle": (("free",), idle),
    "result 64 MiB": large_results(3),
})
