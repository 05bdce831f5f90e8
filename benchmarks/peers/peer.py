# SPDX-License-Identifier: BSD-3-Clause
"""What the Python peers share: the crew, as in harness/crew.hpp, and the loop that answers.

A peer run by hand measures all its cases and prints them as JSON lines. With --serve it reads
`case<TAB>placement<TAB>scale` lines and answers each with one such line.
"""
import json
import multiprocessing
import os
import sys
import time

CPUS = sorted(os.sched_getaffinity(0))[:2]
fork = multiprocessing.get_context("fork")


def cpus_of(placement, role):
    if placement == "free":
        return CPUS
    return [CPUS[-1] if placement == "split" and role % 2 == 1 else CPUS[0]]


def _member(barrier, times, placement, number, role):
    os.sched_setaffinity(0, cpus_of(placement, number))
    begin = []

    def gate():
        barrier.wait()
        begin.append(time.monotonic_ns())

    extra = role(gate)
    times.put((begin[0], time.monotonic_ns(), extra))


def run_crew(placement, roles):
    """Nanoseconds from the gate to the end of the last role, and what the roles returned."""
    barrier, times = fork.Barrier(len(roles)), fork.SimpleQueue()
    members = [
        fork.Process(target=_member, args=(barrier, times, placement, number, role))
        for number, role in enumerate(roles)
    ]
    for member in members:
        member.start()
    noted = [times.get() for _ in members]
    for member in members:
        member.join()
    begun, ended = min(note[0] for note in noted), max(note[1] for note in noted)
    return ended - begun, [note[2] for note in noted if note[2] is not None]


class Placed:
    """The process as role number 0, within a with statement."""

    def __init__(self, placement):
        self.placement = placement

    def __enter__(self):
        self.before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus_of(self.placement, 0))

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.before)


def _row(family, case, placement, rounds):
    return json.dumps(
        dict(family=family, case=case, placement=placement, contender="python", unit="ns",
             rounds=rounds))


WARM_UP = 4  # large messages


def transfer(placement, size, count):
    """Large messages through a Pipe: nanoseconds for each."""
    reader, writer = fork.Pipe(duplex=False)
    item = b"\7" * size

    def produce(gate):
        for i in range(WARM_UP + count):
            if i == WARM_UP:
                gate()
            writer.send_bytes(item)

    def consume(gate):
        for i in range(WARM_UP + count):
            if i == WARM_UP:
                gate()
            assert len(reader.recv_bytes()) == size

    return run_crew(placement, [produce, consume])[0] / count


def serve(family, cases):
    """cases: name -> (placements, function of placement and scale that returns nanoseconds)."""
    if "--serve" not in sys.argv[1:]:
        for name, (placements, measure) in cases.items():
            for placement in placements:
                print(_row(family, name, placement, [measure(placement, 1) for _ in range(3)]))
        return
    for line in sys.stdin:
        name, placement, scale = line.rstrip("\n").split("\t")
        rounds = [cases[name][1](placement, float(scale))] if name in cases else []
        print(_row(family, name, placement, rounds), flush=True)


def scaled(count, scale):
    return max(1, int(count * scale))
