# SPDX-License-Identifier: MIT
"""The network between one node and its broker, which can be cut, healed, and broken on one side."""
import contextlib
import dataclasses
import socket
import struct
import threading

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close sends a reset


@dataclasses.dataclass
class Pair:
    """A connection of the node, and that to the broker which it stands for."""
    node: socket.socket
    broker: socket.socket
    is_reset: bool = False  # on the broker's side

    def close(self) -> None:
        for end in (self.node, self.broker):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def reset(self) -> None:
        self.is_reset = True
        self.broker.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        with contextlib.suppress(OSError):
            self.broker.shutdown(socket.SHUT_RD)  # wakes who reads there
        self.broker.close()


class Proxy:
    """Forwards what comes to its port. While it is cut nothing passes, not even that a side has
    closed; what is sent waits."""

    def __init__(self, port: int) -> None:
        self.broker_port = port
        self.flows = threading.Event()
        self.flows.set()
        self.pairs: list[Pair] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.server.getsockname()[1]}"

    def cut(self) -> None:
        self.flows.clear()

    def heal(self) -> None:
        self.flows.set()

    def reset_broker_side(self) -> None:
        """The broker finds the connection broken; to the node it is open, and silent."""
        for pair in self.pairs:
            if not pair.is_reset:
                pair.reset()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for pair in self.pairs:
            pair.close()
        self.heal()

    # --- Its threads ---

    def accept(self) -> None:
        with contextlib.suppress(OSError):  # until it is closed
            while True:
                node, _ = self.server.accept()
                self.flows.wait()
                self.connect(node)

    def connect(self, node: socket.socket) -> None:
        try:
            broker = socket.create_connection(("127.0.0.1", self.broker_port))
        except OSError:
            node.close()
            return
        for end in (node, broker):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = Pair(node, broker)
        self.pairs.append(pair)
        # From here on both may be closed at any time: the node may long have given this one up.
        for ends in ((node, broker), (broker, node)):
            threading.Thread(target=self.forward, args=(pair, *ends), daemon=True).start()

    def forward(self, pair: Pair, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.flows.wait()
                sink.sendall(data)
        self.flows.wait()
        if not pair.is_reset:
            pair.close()
