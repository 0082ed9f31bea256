# SPDX-License-Identifier: MIT
"""Clients of bloc over plain HTTP, what they believe, and the balancer before the actords."""
import contextlib
import dataclasses
import http.client
import json
import socket
import threading
import uuid
from typing import Any, Callable, Optional, Sequence

from clock import check, now

HEADER = "Bloc-Session-ID"


class Balancer:
    """Gives each connection to the next of the ports at which somebody listens."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self.turn = 0
        self.sockets: list[socket.socket] = []
        self.server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self) -> None:
        for one in (self.server, *self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                server = self.connect()
                if server is None:
                    client.close()
                    continue
                self.sockets += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self.forward, args=ends, daemon=True).start()

    def connect(self) -> Optional[socket.socket]:
        ports = self.ports
        for _ in ports:
            self.turn += 1
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", ports[self.turn % len(ports)]),
                                                timeout=5)
        return None

    def forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def ask(port: int, method: str, path: str, headers: Optional[dict[str, str]] = None,
        timeout: float = 5, body: Optional[bytes] = None) -> tuple[int, Any]:
    """Status and JSON of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


Place = tuple[int, int]  # index and total


@dataclasses.dataclass
class Term:
    """For how long a client believed that it had a place."""
    client: str
    place: Place
    start: float
    end: float = float("inf")


class Client:
    """Asks once in an interval. It believes its last answer until the next one, or an error."""

    def __init__(self, port: int, interval: float, changed: Callable[[], None]) -> None:
        self.port, self.interval, self.changed = port, interval, changed
        self.id = str(uuid.uuid1())
        self.place: Optional[Place] = None
        self.doubts = 0  # how often it was told that it has none, or nothing
        self.terms: list[Term] = []
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.live, daemon=True)
        self.thread.start()

    def live(self) -> None:
        while not self.ends.is_set():
            began = now()
            self.believe(self.ask())
            self.ends.wait(max(0, began + self.interval - now()))

    def ask(self) -> Optional[Place]:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            status, told = ask(self.port, "GET", "/index", {HEADER: self.id}, self.interval)
            if status == 200 and told["status"] == "SETTLED":
                return told["index"], told["total"]
        return None

    def believe(self, place: Optional[Place]) -> None:
        at = now()
        if self.terms and self.terms[-1].place != place:
            self.terms[-1].end = min(at, self.terms[-1].end)
        if place is not None and place != self.place:
            self.terms.append(Term(self.id, place, at))
        self.doubts += place is None
        self.place = place
        self.changed()

    def die(self) -> None:
        """Without a word. It believes nothing any longer."""
        self.ends.set()
        self.thread.join()
        self.believe(None)

    def leave(self) -> None:
        self.die()
        status, told = ask(self.port, "DELETE", "/session", {HEADER: self.id})
        check((status, told) == (200, {}), f"DELETE is answered by {status} {told}")


def are_right(clients: Sequence[Client]) -> bool:
    """Each has a place of its own, from 1 to how many there are."""
    total = len(clients)
    return sorted(client.place or (0, 0) for client in clients) == [
        (index, total) for index in range(1, total + 1)]


def check_exclusive(clients: Sequence[Client]) -> None:
    """At no time did two believe that they had one place."""
    terms = sorted((term for client in clients for term in client.terms),
                   key=lambda term: term.start)
    for at, term in enumerate(terms):
        for other in terms[at + 1:]:
            check(other.client == term.client or other.place[0] != term.place[0] or
                  other.start >= term.end, f"{term} and {other} have one place")
