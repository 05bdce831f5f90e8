# SPDX-License-Identifier: BSD-3-Clause
"""Connections with a handshake, by Python's multiprocessing.connection."""
from multiprocessing.connection import Client, Listener

from peer import run_crew, scaled, serve

KEY = b"secret"


def listen(tcp):
    return Listener(("127.0.0.1", 0) if tcp else None, authkey=KEY, backlog=128)


def connect(placement, count, tcp):
    listener = listen(tcp)

    def server(gate):
        for i in range(count + 1):
            with listener.accept() as connection:
                assert len(connection.recv_bytes()) == 1
            if i == 0:
                gate()

    def client(gate):
        for i in range(count + 1):
            with Client(listener.address, authkey=KEY) as connection:
                connection.send_bytes(b"x")
            if i == 0:
                gate()

    with listener:
        return run_crew(placement, [server, client])[0] / count


def round_trip(placement, count, tcp):
    listener = listen(tcp)

    def server(gate):
        with listener.accept() as connection:
            gate()
            for _ in range(count):
                connection.send_bytes(connection.recv_bytes())

    def client(gate):
        with Client(listener.address, authkey=KEY) as connection:
            gate()
            for _ in range(count):
                connection.send_bytes(b"12345678")
                assert len(connection.recv_bytes()) == 8

    with listener:
        return run_crew(placement, [server, client])[0] / count


BOTH = ("split", "same")
serve("listener", {
    "connect": (BOTH, lambda p, s: connect(p, scaled(300, s), False)),
    "connect tcp": (BOTH, lambda p, s: connect(p, scaled(300, s), True)),
    "connect tcp strict": (BOTH, lambda p, s: connect(p, scaled(300, s), True)),
    "round trip": (BOTH, lambda p, s: round_trip(p, scaled(3000, s), False)),
    "round trip tcp": (BOTH, lambda p, s: round_trip(p, scaled(3000, s), True)),
    "round trip tcp strict": (BOTH, lambda p, s: round_trip(p, scaled(3000, s), True)),
})
