#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the table of README.md from the recorded run, results.json.

Each round's figures are compared with one another; what stands in the table are the medians.
"""
import json
import pathlib
import re
import statistics

HERE = pathlib.Path(__file__).parent
README = HERE.parent / "README.md"

# What the line says; family, case and placement; the peers beside Python, and what they are called.
LINES = [
    ("`Queue<int>`, one putter, one getter, split, a message", "queue", "int 1p1c", "split",
     {"boost": "Boost message_queue"}),
    ("the same, at most 100 items", "queue", "int bounded 100", "split", {"boost": "Boost"}),
    ("`JoinableQueue<int>` with `task_done`, split", "queue", "joinable int 1p1c", "split", {}),
    ("queue round trip, split", "queue", "round trip", "split", {"pipe": "raw pipe"}),
    ("queue round trip, same", "queue", "round trip", "same", {"pipe": "raw pipe"}),
    ("`Pipe` ping-pong of ints, split", "pipe", "ping-pong", "split",
     {"pipe": "raw pipe", "unix stream": "unix stream"}),
    ("the same, same", "pipe", "ping-pong", "same",
     {"pipe": "raw pipe", "unix stream": "unix stream"}),
    ("`Pipe`, a stream of ints, split, a message", "pipe", "int stream", "split",
     {"unix stream": "unix stream"}),
    ("1 MiB through a `Queue`, split", "queue", "bytes 1 MiB", "split",
     {"pipe": "raw pipe", "memcpy": "memcpy"}),
    ("64 MiB through a `Queue`, split", "queue", "bytes 64 MiB", "split", {"memcpy": "memcpy"}),
    ("64 MiB through a `Pipe`, split", "pipe", "bytes 64 MiB", "split",
     {"unix stream": "unix stream"}),
    ("bursts of 100 after a pause, same", "queue", "burst of 100", "same", {"boost": "Boost"}),
    ("`Lock` acquire + release", "lock", "uncontended", "same",
     {"boost": "Boost interprocess_mutex", "robust mutex": "robust mutex"}),
    ("making a `Lock`", "lock", "make", "same", {}),
    ("`Process` start + join, fork", "process", "fork", "free", {"raw fork": "raw fork + wait"}),
    ("spawn", "process", "spawn", "free", {"posix_spawn": "raw posix_spawn of the same program"}),
    ("forkserver", "process", "forkserver", "free", {"raw fork": "raw fork + wait"}),
    ("a `get` that waits", "queue", "idle get", "free", {}),
    ("256 of them", "queue", "256 idle gets", "free", {}),
    ("an `Event` there and one back, split", "sync", "event round trip", "split", {}),
    ("the same with a `Condition`", "sync", "condition round trip", "split", {}),
    ("a `Barrier` of two, split", "sync", "barrier", "split", {}),
    ("`Semaphore` acquire + release", "sync", "semaphore", "same", {"sem_t": "`sem_t`"}),
    ("`Value` += 1 under its lock", "data", "value += 1", "same", {}),
    ("making a `Value`", "data", "make value", "same", {}),
    ("making a `SharedMemory`", "data", "make shared memory", "same", {}),
    ("`Pool.map` of 100,000 ints, chunks by default, an item", "pool", "map 100k", "free",
     {"threads": "thread pool", "TBB": "TBB"}),
    ("the same of 1,000,000", "pool", "map 1M", "free", {"threads": "thread pool", "TBB": "TBB"}),
    ("`map`, chunksize 1", "pool", "map chunksize 1", "free",
     {"threads": "thread pool", "TBB": "TBB"}),
    ("`imap_unordered`, chunksize 1", "pool", "imap_unordered chunksize 1", "free", {}),
    ("`apply`, there and back", "pool", "apply", "free", {"threads": "thread pool"}),
    ("20,000 `apply_async`, each", "pool", "apply_async 20k", "free", {"threads": "thread pool"}),
    ("`Pool(2)`, close, join", "pool", "make", "free", {}),
    ("a result of 64 MiB from a pool", "pool", "result 64 MiB", "free", {"memcpy": "memcpy"}),
    ("a busy worker's kill until `WorkerDied`", "pool", "worker killed, median", "free", {}),
    ("the same, 99th percentile", "pool", "worker killed, p99", "free", {}),
    ("a manager's dict: set, split", "manager", "dict set", "split", {}),
    ("the same, same", "manager", "dict set", "same", {}),
    ("get, split", "manager", "dict get", "split", {}),
    ("a manager's list: append, split", "manager", "list append", "split", {}),
    ("a program that has connected: get, same", "manager", "dict get connected", "same",
     {"raw socket": "raw socket"}),
    ("`Client` to `Listener` with its handshake, split", "listener", "connect", "split", {}),
    ("the same, same", "listener", "connect", "same", {}),
    ("round trip on such a connection, same", "listener", "round trip", "same", {}),
    ("connecting beside 1,000 silent peers", "listener", "connect behind 1000 silent ones", "free",
     {}),
]


def short(number):
    return f"{number:.0f}" if number >= 9.95 else f"{number:.2g}"


def figure(row, value):
    if row["unit"] != "ns":
        return f"{value:.2g} {row['unit']}"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if value >= size:
            return f"{short(value / size)} {unit}"
    return f"{short(value)} ns"


def warm(row):
    rounds = row["rounds"]
    return [each for each in rounds[1:] or rounds if each is not None]


def ratio(row, ours):
    pairs = list(zip(row["rounds"], ours["rounds"]))
    all_of_them = [a / b for a, b in pairs[1:] or pairs if a is not None and b]
    return statistics.median(all_of_them) if all_of_them else None


def times(row, ours, name):
    value = None if row is None else ratio(row, ours)
    if value is None:
        return ""
    text = f"{short(value)}x"
    return f"{name} {text if value >= 0.995 else f'**{text}**'}".strip()


def line(rows, text, family, case, placement, peers):
    def find(contender):
        return rows.get((family, case, placement, contender))

    ours = find("multiprocess")
    median = statistics.median(warm(ours))
    speed = f" ({ours['bytes'] / median:.2g} GB/s)" if ours.get("bytes") else ""
    others = [times(find(peer), ours, name) for peer, name in peers.items()]
    return (f"| {text} | {figure(ours, median)}{speed} | {figure(ours, ours['rounds'][0])} | "
            f"{times(find('python'), ours, '')} | {', '.join(filter(None, others))} |")


def main():
    record = json.loads((HERE / "results.json").read_text())
    rows = {(r["family"], r["case"], r["placement"], r["contender"]): r for r in record["rows"]}
    head = (f"Measured on {record['machine']}, g++ 12 -O3: medians of warm rounds, and the cold first one\n"
            "beside them ([`benchmarks/results.json`](benchmarks/results.json) has all). "
            '"split" is two processes pinned to\ntwo CPUs, "same" both on one.\n\n'
            "| | ours, warm | cold | Python's multiprocessing takes | another peer takes |\n"
            "| --- | ---: | ---: | ---: | ---: |\n")
    table = head + "\n".join(line(rows, *each) for each in LINES) + "\n"
    text = README.read_text()
    pattern = r"(<!-- benchmarks: begin[^>]*-->\n).*?(\n<!-- benchmarks: end -->)"
    README.write_text(re.sub(pattern, lambda m: m[1] + table + m[2], text, flags=re.DOTALL))


main()
