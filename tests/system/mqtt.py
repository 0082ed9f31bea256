# SPDX-License-Identifier: MIT
"""A client of MQTT 3.1.1 that hears everything and says anything: what the group puts on the broker
is counted with it, and what nobody should send is sent with it."""
import contextlib
import dataclasses
import itertools
import socket
import struct
import threading
from typing import Any, Callable, Iterable

import cbor
from clock import Failure, deadline, now

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9
WINDOW = 1000  # messages that may be on their way to the broker unconfirmed


@dataclasses.dataclass
class Heard:
    """A message as it came from the broker, and when."""
    at: float
    topic: str
    payload: bytes
    retained: bool

    def decoded(self) -> Any:
        """What its CBOR means; None when it is none."""
        with contextlib.suppress(cbor.Malformed):
            return cbor.decode(self.payload)
        return None


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def packet(first: int, body: bytes) -> bytes:
    size, rest = b"", len(body)
    while True:
        rest, digit = rest >> 7, rest & 127
        size += bytes([digit | (128 if rest else 0)])
        if not rest:
            return bytes([first]) + size + body


class Tap:
    """One connection; `heard` grows while it lives."""

    def __init__(self, port: int, filters: Iterable[str], changed: Callable[[], None]) -> None:
        self.heard: list[Heard] = []
        self.changed = changed
        self.answers: set[tuple[int, int]] = set()  # (packet type, identifier)
        self.confirmed = threading.Condition()
        self.identifiers = itertools.cycle(range(1, 65536))
        self.socket = socket.create_connection(("127.0.0.1", port), deadline(1))
        self.socket.settimeout(None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connect = text("MQTT") + bytes([4, 2, 0, 0]) + text("")
        self.socket.sendall(packet(0x10, connect))
        threading.Thread(target=self.read, daemon=True).start()
        self.await_answers({(CONNACK, 0)})
        for topic in filters:
            self.subscribe(topic)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    # --- Reading ---

    def read(self) -> None:
        with contextlib.suppress(OSError, EOFError), self.socket.makefile("rb") as stream:
            while True:
                self.take(stream)

    def take(self, stream: Any) -> None:
        first = self.exactly(stream, 1)[0]
        size = shift = 0
        while True:
            digit = self.exactly(stream, 1)[0]
            size |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                break
        self.understand(first, self.exactly(stream, size))

    @staticmethod
    def exactly(stream: Any, count: int) -> bytes:
        data = stream.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def understand(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == PUBLISH:
            end = 2 + struct.unpack_from(">H", body)[0]
            after = end + (2 if first & 6 else 0)
            if first & 6:
                self.socket.sendall(packet(0x40, body[end:after]))
            self.heard.append(Heard(now(), body[2:end].decode(), body[after:], bool(first & 1)))
            self.changed()
            return
        identifier = 0 if kind == CONNACK else struct.unpack_from(">H", body)[0]
        with self.confirmed:
            self.answers.add((kind, identifier))
            self.confirmed.notify_all()

    def await_answers(self, wanted: set[tuple[int, int]]) -> None:
        with self.confirmed:
            if not self.confirmed.wait_for(lambda: wanted <= self.answers, deadline(5)):
                raise Failure("the broker does not confirm what the test sent it")
            self.answers -= wanted

    # --- Speaking ---

    def subscribe(self, topic: str) -> None:
        identifier = next(self.identifiers)
        self.socket.sendall(packet(0x82, struct.pack(">H", identifier) + text(topic) + b"\1"))
        self.await_answers({(SUBACK, identifier)})

    def publish(self, topic: str, *payloads: bytes, retain: bool = False) -> None:
        """Sends them in this order, as fast as the broker confirms them."""
        for start in range(0, len(payloads), WINDOW):
            wanted, packets = set(), []
            for payload in payloads[start:start + WINDOW]:
                identifier = next(self.identifiers)
                body = text(topic) + struct.pack(">H", identifier) + payload
                packets.append(packet(0x32 | retain, body))
                wanted.add((PUBACK, identifier))
            self.socket.sendall(b"".join(packets))
            self.await_answers(wanted)

    def say(self, topic: str, *messages: Any) -> None:
        self.publish(topic, *map(cbor.encode, messages))

    # --- What was heard ---

    def on(self, topic: str, after: float = 0.0) -> list[Heard]:
        return [heard for heard in list(self.heard) if heard.topic == topic and heard.at > after]

    def pings(self, topic: str, after: float = 0.0) -> list[Heard]:
        """The beacons among the messages of a group."""
        def is_ping(heard: Heard) -> bool:
            message = heard.decoded()
            return isinstance(message, dict) and message.get("t") == "ping"
        return [heard for heard in self.on(topic, after) if is_ping(heard)]
