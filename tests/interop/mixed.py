# SPDX-License-Identifier: MIT
"""Groups of both kinds: nodes of ours, which are actords, and real Python nodes."""
import json
import os
import subprocess
import sys
from typing import Any, Sequence

import guard
from clock import Failure, Skip
from mqtt import Tap
from processes import ACTORD, ROOT, Broker, Node
from world import TURN, World

HERE = ROOT / "tests" / "interop"
PYTHON = ROOT / "build" / "interop-venv" / "bin" / "python"
MEMBER = ACTORD.parent / "tests" / "interop" / "member"
TOPIC = "actor/g"


class Mixed:
    """A group on a broker of its own, with somebody who hears everything."""

    def __init__(self, world: World, broker: bool = True) -> None:
        if os.environ.get("INTEROP") == "no":
            raise Skip("INTEROP=no")
        if not PYTHON.exists():
            raise Failure(f"there is no {PYTHON}: tests/interop/venv makes it")
        self.world = world
        self.ours: list[Node] = []
        self.pythons: list[Node] = []
        if broker:
            world.start_broker()
            self.tap = world.tap(TOPIC)

    @property
    def nodes(self) -> list[Node]:
        return [*self.ours, *self.pythons]

    # --- Making nodes ---

    def python(self, name: str, value: Any = 0, *options: str, port: int = 0) -> Node:
        timing = self.world.timing
        command = [str(PYTHON), "-B", str(HERE / "node.py"), "-n", name, "-g", "g",
                   "--mqtt", str(port or self.world.broker.port), "--value", json.dumps(value),
                   "--cycle", str(timing.cycle), "--gap", str(timing.gap), *options]
        node = self.world.spawn(name, command, stdin=subprocess.PIPE)
        self.pythons.append(node)
        return node

    def actord(self, name: str, value: Any = 0, *options: str, **how: Any) -> Node:
        node = self.world.node(name, "--value", json.dumps(value), *options, **how)
        self.ours.append(node)
        return node

    def member(self, name: str, value: Any = 0) -> Node:
        """One of ours that takes commands, as Python nodes do."""
        timing = self.world.timing
        command = [str(MEMBER), name, self.world.url, "actor", "g", json.dumps(value),
                   str(timing.cycle), str(timing.gap)]
        node = self.world.spawn(name, command, stdin=subprocess.PIPE)
        self.ours.append(node)
        return node

    def both(self, pythons: int, ours: int, distinct: bool) -> None:
        """So many of each kind: p0, p1 ... and c0, c1 ...; with values that alternate, if distinct.
        The ring has room for all, since a Python node enters a full one by chance: once in 100
        slots."""
        ring = ("--nodes", str(pythons + ours))
        for i in range(pythons):
            self.python(f"p{i}", 2 * i if distinct else 0, *ring)
        for i in range(ours):
            self.actord(f"c{i}", 2 * i + 1 if distinct else 0, *ring)

    # --- Watching them ---

    def await_all_tagged(self, nodes: Sequence[Node] = (), after: float = 0.0) -> None:
        """A Python node comes onto the ring by chance: here about once in 10 slots."""
        nodes = nodes or self.nodes
        self.world.wait(f"turn of each of {' '.join(node.name for node in nodes)}",
                        60 * self.world.timing.turn_max,
                        lambda: all(self.world.events(TURN, after, node) for node in nodes))

    def beacons(self, after: float, before: float) -> int:
        return sum(ping.at < before for ping in self.tap.pings(TOPIC, after))

    def check_wire(self, *taps: Tap) -> None:
        """At the end: what was said, and by whom."""
        for tap in taps or (self.tap,):
            guard.check_all((heard.payload for heard in tap.on(TOPIC)),
                            [node.name for node in self.ours])
