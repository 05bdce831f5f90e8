# SPDX-License-Identifier: BSD-3-Clause
"""Compares the wordcount program with an independent count over a small made corpus."""
import collections
import os
import pathlib
import pty
import random
import re
import subprocess
import sys
import tempfile

program, method = sys.argv[1:]


def make_corpus(root):
    """Text of many kinds: returns the files that are text."""
    words = ["the", "The", "quick", "fox-trot", "naïve", "日本語", "x" * 700, "don't", "42nd", "_a_"]
    chance = random.Random(2024)
    (root / "deep" / "er").mkdir(parents=True)
    texts = {
        "plain.txt": " ".join(chance.choices(words, k=3000)).encode(),
        "deep/crlf.txt": "\r\n".join(chance.choices(words, k=500)).encode(),
        "deep/er/latin1.txt": "caf\xe9 na\xefve".encode("latin-1"),
        "deep/er/one word": b"z" * 50_000,
        "empty.txt": b"",
        "blank.txt": b" \n\t\n" * 1000,
    }
    for name, content in texts.items():
        (root / name).write_bytes(content)
    (root / "deep" / "binary.bin").write_bytes(b"words before\0words after " * 1000)
    (root / "link.txt").symlink_to(root / "plain.txt")
    os.mkfifo(root / "fifo")
    return [root / name for name in texts]


def expected_lines(texts):
    content = [path.read_bytes() for path in texts]
    counts = collections.Counter()
    for text in content:
        counts.update(re.findall(rb"[a-z0-9\x80-\xff]+", text.lower()))
    ranking = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [b"%9d %s" % (count, word) for word, count in ranking]
    return lines + [
        b"%d words, %d different, in %d text files, %.1f MB"
        % (sum(counts.values()), len(counts), len(texts), sum(map(len, content)) / 1e6)
    ]


def run(*options, stderr=subprocess.PIPE):
    command = [program, "--start-method", method, "--top", "100000", *map(str, options)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, timeout=50)
    assert done.returncode == 0, (command, done)
    return done.stdout.split(b"\n"), done.stderr


def run_on_terminal(*options):
    ours, theirs = pty.openpty()
    lines, _ = run(*options, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    return lines, shown


def check(lines, expected, skipped):
    found = lines[: len(expected)]
    assert found == expected, [pair for pair in zip(found, expected) if pair[0] != pair[1]][:5]
    assert lines[len(expected)] == skipped, lines[len(expected)]
    assert re.fullmatch(rb"speed-up: \d+\.\d\d, same words", lines[-2]), lines[-2]


with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    expected = expected_lines(make_corpus(root))
    skipped = b"skipped: 1 binary, 0 unreadable"

    for processes in (1, 2, 5):
        for chunk in (997, 1 << 20):
            lines, stderr = run("--processes", processes, "--chunk", chunk, root)
            check(lines, expected, skipped)
            assert stderr.split(b"\n")[-2] == b"wordcount: 100 %" and b"\r" not in stderr, stderr

    # Folders that overlap, and a file that cannot be read whoever asks.
    lines, _ = run(root, root / "deep", root / "plain.txt", "/proc/self/mem")
    check(lines, expected, b"skipped: 1 binary, 1 unreadable")

    lines, stderr = run("--processes", 3, "--chunk", 997, "--lose-a-worker", root)
    check(lines, expected, skipped)
    assert stderr.count(b"died (exit code 3)") == 1, stderr

    lines, shown = run_on_terminal(root)
    check(lines, expected, skipped)
    assert b"\r[" in shown and b"] 100 %" in shown, shown

    (root / "nothing").mkdir()
    lines, _ = run(root / "nothing")
    assert lines[0] == b"0 words, 0 different, in 0 text files, 0.0 MB", lines
