# SPDX-License-Identifier: BSD-3-Clause
"""Processes of Python's multiprocessing that do nothing."""
import multiprocessing
import time

from peer import Placed, scaled, serve


def nothing():
    pass


def start(method, count):
    context = multiprocessing.get_context(method)

    def measure(placement, scale):
        repeats = scaled(count, scale)
        with Placed(placement):
            begun = time.monotonic_ns()
            for _ in range(repeats):
                process = context.Process(target=nothing)
                process.start()
                process.join()
            return (time.monotonic_ns() - begun) / repeats

    return ("free", "same"), measure


if __name__ == "__main__":
    serve("process", {
        "fork": start("fork", 50),
        "spawn": start("spawn", 5),
        "forkserver": start("forkserver", 10),
    })
