# SPDX-License-Identifier: MIT
"""Groups of both kinds: nodes of ours, which are actords, and real Python nodes."""
import json
import os
import pathlib
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


def ring(size: int) -> list[str]:
    """With room for all. A Python node enters by chance, the more often the fewer it believes there
    are, and the more room there is: onto a full ring of the default size once in 100 slots."""
    return ["--nodes", str(size), "--hosts", str(size)]


def python_ring(size: int) -> list[str]:
    """The same for a Python node."""
    return ["--nodes", str(size), "--config", json.dumps({"n_hosts": size})]


def need(program: pathlib.Path, maker: str) -> None:
    if not program.exists():
        raise Failure(f"there is no {program}: {maker} makes it")


class Mixed:
    """A group on the broker of the world, with somebody who hears everything."""
    environment = "tests/interop/venv"  # how that of the Python nodes is made
    interpreter = PYTHON

    def __init__(self, world: World, broker: bool = True, group: str = "g") -> None:
        if os.environ.get("INTEROP") == "no":
            raise Skip("INTEROP=no")
        need(self.interpreter, self.environment)
        self.world = world
        self.group, self.topic = group, f"actor/{group}"
        self.ours: list[Node] = []
        self.pythons: list[Node] = []
        if broker:
            if world.broker is None:
                world.start_broker()
            self.tap = world.tap(self.topic)

    @property
    def nodes(self) -> list[Node]:
        return [*self.ours, *self.pythons]

    # --- Making nodes ---

    def carrier(self, name: str, port: int) -> list[str]:
        """Where a Python node meets the others, as options; `port` is not the usual one."""
        del name
        return ["--mqtt", str(port or self.world.broker.port)]

    def python(self, name: str, value: Any = 0, *options: str, port: int = 0) -> Node:
        timing = self.world.timing
        command = [str(self.interpreter), "-B", str(HERE / "node.py"), "-n", name, "-g", self.group,
                   *self.carrier(name, port), "--value", json.dumps(value),
                   "--cycle", str(timing.cycle), "--gap", str(timing.gap), *options]
        node = self.world.spawn(name, command, stdin=subprocess.PIPE)
        self.pythons.append(node)
        return node

    def actord(self, name: str, value: Any = 0, *options: str, **how: Any) -> Node:
        node = self.world.node(name, "--value", json.dumps(value), *options,
                               groups=(self.group,), **how)
        self.ours.append(node)
        return node

    def member(self, name: str, size: int) -> Node:
        """One of ours that takes commands, as Python nodes do."""
        need(MEMBER, "make check TESTS=")
        timing = self.world.timing
        command = [str(MEMBER), name, self.world.url, "actor", self.group, "0", str(timing.cycle),
                   str(timing.gap), str(size)]
        node = self.world.spawn(name, command, stdin=subprocess.PIPE)
        self.ours.append(node)
        return node

    def both(self, pythons: int, ours: int, distinct: bool = False, more: int = 0) -> None:
        """So many of each kind: p0, p1 ... and c0, c1 ...; with values that alternate, if distinct.
        The ring has room for all and so many more."""
        size = pythons + ours + more
        for i in range(pythons):
            self.python(f"p{i}", 2 * i if distinct else 0, *python_ring(size))
        self.await_started(self.pythons)
        for i in range(ours):
            self.actord(f"c{i}", 2 * i + 1 if distinct else 0, *ring(size))

    # --- Watching them ---

    def await_started(self, nodes: Sequence[Node]) -> None:
        """Python takes a second of a whole core until a node can begin."""
        def names() -> set[str]:
            messages = [heard.decoded() for heard in self.tap.on(self.topic)]
            return {message["node"] for message in messages if message["t"] == "init"}
        self.world.wait("init of each", 20, lambda: {node.name for node in nodes} <= names())

    def await_all_tagged(self, nodes: Sequence[Node] = (), after: float = 0.0) -> None:
        """A Python node comes onto the ring by chance."""
        nodes = nodes or self.nodes
        self.world.wait(f"turn of each of {' '.join(node.name for node in nodes)}",
                        60 * self.world.timing.turn_max,
                        lambda: all(self.world.events(TURN, after, node) for node in nodes))

    def beacons(self, after: float, before: float) -> int:
        return sum(ping.at < before for ping in self.tap.pings(self.topic, after))

    def check_wire(self, *taps: Tap) -> None:
        """At the end: what was said, and by whom."""
        for tap in taps or (self.tap,):
            guard.check_all((heard.decoded() for heard in tap.on(self.topic)),
                            [node.name for node in self.ours])
