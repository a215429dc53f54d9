from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from threading import Lock

from tests.worker.webhooks.receivers import Serve, header, read_request

ROOT = Path(__file__).parents[3]
# A parent that sends, forks, and goes on sending beside its children, each under its own name.
PROGRAM = """
import os, sys
from worker.webhooks.sending import Sender

sender = Sender(allowed=("127.0.0.1",))

def send(name):
    for _ in range(20):
        assert sender.send(sys.argv[1], {"x-sender": name}, b"{}").status == 200

send("parent")
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        try:
            send(f"child-{number}")
        except BaseException:
            os._exit(1)
        os._exit(0)
    children.append(child)
send("parent")
sender.close()
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def test_forked_processes_never_share_a_connection(serve: Serve) -> None:
    connections: list[set[bytes]] = []
    lock = Lock()

    def handler(connection: socket.socket) -> None:
        senders: set[bytes] = set()
        with lock:
            connections.append(senders)
        while request := read_request(connection):
            senders.add(header(request, b"x-sender"))
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    url = f"http://127.0.0.1:{serve(handler)}/"
    command = [sys.executable, "-W", "error", "-c", PROGRAM, url]
    program = subprocess.run(command, cwd=ROOT, check=False, timeout=60, capture_output=True, text=True)  # noqa: S603
    assert (program.returncode, program.stderr) == (0, "")
    assert sorted(connections, key=sorted) == [{b"child-0"}, {b"child-1"}, {b"child-2"}, {b"parent"}]
