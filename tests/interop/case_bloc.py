# SPDX-License-Identifier: MIT
"""The published client of bloc, served by actords, and by bloc's own server beside them."""
import os
import random
from typing import Optional, Sequence

from bloc import Balancer
from cases import case
from clock import Skip, check, now, wait_until
from mixed import HERE, need
from processes import ROOT, Event, Node, free_port
from world import Timing, World

PYTHON = ROOT / "build" / "interop-venv-bloc" / "bin" / "python"
MAKER = "tests/interop/venv build/interop-venv-bloc tests/interop/requirements-bloc.txt"
START_MAX = 10.0  # of Twisted


def program(*arguments: str) -> list[str]:
    return [str(PYTHON), "-B", str(HERE / "bloc_node.py"), *arguments]


def need_bloc() -> None:
    if os.environ.get("INTEROP") == "no":
        raise Skip("INTEROP=no")
    need(PYTHON, MAKER)


class Served:
    """Clients of one service."""

    def __init__(self, world: World, label: str, interval: float) -> None:
        self.world, self.label, self.interval = world, label, interval
        self.clients: list[Node] = []

    def start_clients(self, port: int, count: int) -> None:
        for i in range(count):
            name = f"{self.label}{i}"
            self.clients.append(self.world.spawn(name, program(
                "client", name, f"127.0.0.1:{port}", str(self.interval))))

    def places(self) -> list[tuple[int, int]]:
        """What each believes."""
        told = [(self.world.events("place", 0, client) or [None])[-1] for client in self.clients]
        return [(event["index"], event["total"]) if event and event["index"] else (0, 0)
                for event in told]

    def are_right(self) -> bool:
        total = len(self.clients)
        return sorted(self.places()) == [(index, total) for index in range(1, total + 1)]

    def await_right(self, seconds: float) -> float:
        self.world.wait(f"right places of {self.label}'s clients", seconds, self.are_right)
        return now()

    def await_doubt(self, since: float, seconds: float) -> None:
        def doubts() -> Optional[Event]:
            return next((event for client in self.clients
                         for event in self.world.events("place", since, client)
                         if event["index"] is None), None)
        self.world.wait("client without a place", seconds, doubts)

    def kill_client(self) -> float:
        """The one that has place 2."""
        victim = self.clients.pop([index for index, _ in self.places()].index(2))
        return victim.kill()


def check_exclusive(world: World, clients: Sequence[Node]) -> None:
    """By the times that they tell; a client that was killed believes nothing."""
    believed: dict[str, int] = {}
    ends = [(client.ended_at, client.name) for client in clients if client.ended_at is not None]
    told = [event for client in clients for event in world.events("place", 0, client)]
    for event in sorted(told, key=lambda event: event.mono):
        for at, name in ends:
            if at < event.mono:
                believed.pop(name, None)
        believed.pop(event.node.name, None)
        if event["index"] is not None:
            check(event["index"] not in believed.values(),
                  f"{event.node.name} believes in {event['index']} beside {believed}")
            believed[event.node.name] = event["index"]


class Actords(Served):
    """Three of them, behind a balancer."""

    def __init__(self, world: World, interval: float, timeout: float, settle: float) -> None:
        super().__init__(world, "ours", interval)
        self.ports = {name: free_port() for name in "abc"}
        self.nodes = [world.node(name, "--bloc", f"127.0.0.1:{port}", "--bloc-timeout",
                                 str(timeout), "--bloc-settle", str(settle))
                      for name, port in self.ports.items()]
        self.balancer = Balancer(list(self.ports.values()))
        world.stack.callback(self.balancer.close)

    def leader(self) -> Node:
        places = {node: self.world.events("settled", 0, node)[-1] for node in self.nodes}
        return next(node for node, event in places.items() if event["index"] == 1)


@case(seconds=30)
def bloc_client(world: World) -> None:
    """Three of bloc's clients hold right places, and never one twice, while an actord is killed and
    then a client; one leaves by SIGTERM."""
    need_bloc()
    timeout, settle = 2.0, 3.5
    ours = Actords(world, 0.5, timeout, settle)
    ours.start_clients(ours.balancer.port, 3)
    clients = list(ours.clients)
    ours.await_right(START_MAX + settle + timeout)
    killed = ours.leader().kill()
    ours.await_doubt(killed, timeout)
    took = ours.await_right(timeout + settle) - killed
    world.note(f"right {took:.1f} s after an actord was killed")
    check(took <= timeout + settle, f"it took {took:.2f} s")
    killed = ours.kill_client()
    ours.await_doubt(killed, 2 * timeout)
    took = ours.await_right(2 * timeout + settle) - killed
    world.note(f"right {took:.1f} s after a client was killed")
    leaver = ours.clients.pop()
    left = leaver.terminate()
    leaver.wait(2)
    leaver.ended_at = now()
    took = ours.await_right(settle + 2) - left
    check(took < settle + 2, f"who has left is waited for: {took:.1f} s")
    check_exclusive(world, clients)


@case(seconds=45)
def bloc_beside_its_server(world: World) -> None:
    """Three clients each, interval 3 s, timeout 4 s, settle 6 s: one is killed."""
    need_bloc()
    world.timing = Timing(2.0, 0.3)
    theirs = Served(world, "theirs", 3.0)
    ours = Actords(world, 3.0, 4.0, 6.0)
    port = free_port()
    world.spawn("server", program("server", str(port), "4", "6"))
    theirs.start_clients(port, 3)
    ours.start_clients(ours.balancer.port, 3)
    clients = [*ours.clients, *theirs.clients]
    for served in (ours, theirs):
        served.await_right(START_MAX + 20)
    wait_until(now() + random.uniform(0, 3))  # somewhere between two asks
    killed = {served: served.kill_client() for served in (ours, theirs)}
    for served in (theirs, ours):
        served.await_doubt(killed[served], 12)
    for served in (theirs, ours):
        served.await_right(30)
        last = max(world.events("place", killed[served], client)[-1].mono
                   for client in served.clients)
        world.note(f"{served.label}: {last - killed[served]:.1f} s")
    check_exclusive(world, [client for client in clients if client.name.startswith("ours")])
