# SPDX-License-Identifier: BSD-3-Clause
"""record_handshake.py LISTENER CLIENT: what two Pythons (>= 3.12) say to each other through a relay.

Prints recorded_handshake.hpp. Their random bytes are counted, so that each run says the same.
"""
import os
import socket
import subprocess
import sys
import threading

KEY = b'a shared secret'
PRELUDE = '''
import os
import sys
import multiprocessing.connection as module
def counted(size):
    return bytes((FIRST + i) % 256 for i in range(size))
class System:
    urandom = staticmethod(counted)
    def __getattr__(self, name):
        return getattr(os, name)
module.os = System()
'''
LISTENER = PRELUDE.replace('FIRST', '0') + '''
listener = module.Listener(('127.0.0.1', 0), authkey=sys.argv[1].encode())
print(listener.address[1], flush=True)
connection = listener.accept()
connection.send_bytes(connection.recv_bytes())
'''
CLIENT = PRELUDE.replace('FIRST', '100') + '''
connection = module.Client(('127.0.0.1', int(sys.argv[2])), authkey=sys.argv[1].encode())
connection.send_bytes(b'said behind it')
connection.recv_bytes()
'''


def start(python, program, key, *arguments):
    return subprocess.Popen([python, '-c', program, key, *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def pass_on(source, to, said):
    while piece := source.recv(1000):
        said.append(piece)
        to.sendall(piece)
    to.shutdown(socket.SHUT_WR)


def record(listener_python, client_python, client_key):
    """All that the listener has said, and all that the client has."""
    listener = start(listener_python, LISTENER, KEY.decode())
    there = socket.create_connection(('127.0.0.1', int(listener.stdout.readline())))
    with socket.create_server(('127.0.0.1', 0)) as relay:
        client = start(client_python, CLIENT, client_key, str(relay.getsockname()[1]))
        here, _ = relay.accept()
    of_listener, of_client = [], []
    threads = [threading.Thread(target=pass_on, args=way)
               for way in ((there, here, of_listener), (here, there, of_client))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.wait()
    listener.wait()
    return b''.join(of_listener), b''.join(of_client)


def frames(stream):
    while stream:
        size = int.from_bytes(stream[:4], 'big')
        yield stream[:4 + size]
        stream = stream[4 + size:]


def show(name, stream):
    all = list(frames(stream))
    print(f'inline constexpr std::array<std::string_view, {len(all)}> {name} = {{')
    for frame in all:
        digits = frame.hex()
        lines = [digits[i:i + 88] for i in range(0, len(digits), 88)]
        print('\n'.join(f'    "{line}"' for line in lines) + ',')
    print('};')


def version(python):
    return subprocess.check_output([python, '-V'], text=True).strip()


def main(listener, client):
    print(f'''// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <string_view>

// Written by record_handshake.py: {version(listener)} listens, {version(client)} connects.
// Whole frames in hexadecimal, with their lengths. The key is "{KEY.decode()}".
// The other way round they say the same.
namespace multiprocess::test::recorded {{
''')
    of_listener, of_client = record(listener, client, KEY.decode())
    show('of_listener', of_listener)
    show('of_client', of_client)
    print('\n// A client with the key "another".')
    refused, wrong = record(listener, client, 'another')
    show('refusing_listener', refused)
    show('refused_client', wrong)
    print('\n}  // namespace multiprocess::test::recorded')


main(*sys.argv[1:])
