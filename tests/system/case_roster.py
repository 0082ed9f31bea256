# SPDX-License-Identifier: MIT
"""The settled roster: every member has a place of its own, and the holder tells who is there."""
import dataclasses
import itertools
from typing import Optional, Sequence

from cases import case
from case_turns import as_json
from clock import ALLOWANCE, check
from processes import Event, Node
from proxy import Proxy
from world import World


def settle_min(world: World) -> float:
    return world.timing.cycle + 4.5 * world.timing.gap


def settled_max(world: World) -> float:
    """After a change that all have seen; with what is added for clocks that differ."""
    slack = world.timing.gap / 20 + world.timing.cycle / 1000
    return (settle_min(world) + 2 * slack + world.timing.cycle + 3.5 * world.timing.gap +
            ALLOWANCE)


def place(world: World, node: Node) -> Optional[Event]:
    """That it has now, if it has one."""
    told = world.events(("settled", "settling"), 0, node)
    return told[-1] if told and told[-1].kind == "settled" else None


def await_places(world: World, nodes: Sequence[Node]) -> dict[str, int]:
    """Until each has its own."""
    def all_have() -> Optional[list[Event]]:
        places = [place(world, node) for node in nodes]
        right = all(event is not None and event["total"] == len(nodes) for event in places)
        return places if right else None
    found = {event.node.name: event["index"] for event in world.wait(
        "place of each", settled_max(world) + world.timing.rescue_max, all_have)}
    check(sorted(found.values()) == list(range(1, len(nodes) + 1)), f"the places are {found}")
    return found


@dataclasses.dataclass
class Share:
    """A member's time with an index."""
    node: Node
    index: int
    start: float
    end: float = float("inf")

    def __str__(self) -> str:
        return f"{self.node.name} had index {self.index} from {self.start:.3f} to {self.end:.3f}"


def lapsed_at(world: World, share: Share) -> float:
    """When one that was killed, or frozen, could not act on it any longer: by S3 in the latter case."""
    lapse = world.timing.cycle + 3.5 * world.timing.gap
    frozen = (at + lapse for at in share.node.freezes if at > share.start)
    return min(frozen, default=share.node.ended_at or float("inf"))


def shares_of(world: World, node: Node) -> list[Share]:
    shares: list[Share] = []
    for event in world.events(("settled", "settling"), node=node):
        if shares:
            shares[-1].end = min(event.mono, shares[-1].end)
        if event.kind == "settled":
            shares.append(Share(node, event["index"], event.mono))
            shares[-1].end = lapsed_at(world, shares[-1])
    return shares


def check_exclusive(world: World) -> int:
    """I10, by the times that the nodes tell. Returns how many shares there were."""
    shares = [share for node in world.nodes for share in shares_of(world, node)]
    shares.sort(key=lambda share: share.start)
    for at, share in enumerate(shares):
        for before in shares[:at]:
            apart = before.index != share.index or before.end <= share.start
            check(apart or before.node is share.node, f"{before}, and {share}")
    return len(shares)


@case(seconds=20)
def roster(world: World) -> None:
    """Places on a broker: who dies is missing in the next view, and the first does not move."""
    world.start_broker()
    tap = world.tap("actor/g/roster")
    nodes = world.group("abcd")
    before = await_places(world, nodes)
    victim = next(node for node in nodes if before[node.name] == 2)
    rest = [node for node in nodes if node is not victim]
    killed = victim.kill()
    after = await_places(world, rest)
    took = max(place(world, node).mono for node in rest) - killed
    world.note(f"settled {took:.2f} s after a kill")
    check(took <= settled_max(world), f"after {took:.2f} s; allowed are {settled_max(world):.2f}")
    first = next(name for name, index in before.items() if index == 1)
    check(after[first] == 1, f"{first} had place 1, and now has {after[first]}")
    told = world.wait("settled roster", 5, lambda: [
        data for data in map(as_json, tap.on("actor/g/roster"))
        if data["settled"] and len(data["members"]) == 3])[0]
    told = {member["node"]: member["index"] for member in told["members"]}
    check(told == after, f"published are {told}, and the places are {after}")
    check_exclusive(world)


@case(seconds=50)
def roster_storm(world: World) -> None:
    """Members that are killed, end, freeze, are cut off, and come back, the first of them as well: no
    two ever have one index (I10), and each time all others have theirs again."""
    world.start_broker()
    proxies: dict[str, Proxy] = {}
    for name in "abcde":
        proxies[name] = Proxy(world.broker.port)
        world.stack.callback(proxies[name].close)
        world.urls[name] = proxies[name].url
    nodes = world.group("abcde", "--keepalive", "1")
    for trouble, index in itertools.product(("kill", "cut", "terminate", "freeze"), (1, 3)):
        places = await_places(world, nodes)
        victim = next(node for node in nodes if places[node.name] == index)
        rest = [node for node in nodes if node is not victim]
        if trouble == "cut":
            proxies[victim.name].cut()
        else:
            getattr(victim, trouble)()
        await_places(world, rest)
        if trouble == "cut":
            proxies[victim.name].heal()
        elif trouble == "freeze":
            victim.thaw()
        else:
            victim.wait(2)
            nodes[nodes.index(victim)] = world.node(victim.name, "--keepalive", "1")
    await_places(world, nodes)
    world.note(f"{check_exclusive(world)} shares")
