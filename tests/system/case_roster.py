# SPDX-License-Identifier: MIT
"""The settled roster: every member has a place of its own, and the holder tells who is there."""
import dataclasses
import itertools
import signal
from typing import Optional, Sequence

from cases import case
from case_turns import as_json
from clock import ALLOWANCE, check, now, wait_until
from processes import Event, Node
from proxy import Proxy
from world import NAMED, World, judge


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


SETTLE = 6.0


def lose_one(world: World, count: int) -> float:
    """One of so many is killed; returns when all others have their new places, after that."""
    world.start_broker()
    world.timing = NAMED
    nodes = [world.node(f"n{number}", "--settle", str(SETTLE)) for number in range(count)]
    before = await_places(world, nodes)
    victim = next(node for node in nodes if before[node.name] == (count + 2) // 2)
    rest = [node for node in nodes if node is not victim]
    killed = victim.kill()
    after = await_places(world, rest)
    first = next(name for name, index in before.items() if index == 1)
    check(after[first] == 1, f"{first} had place 1, and now has {after[first]}")
    check_exclusive(world)
    return max(place(world, node).mono for node in rest) - killed


@case(seconds=70)
def roster_sizes(world: World) -> None:
    """Of 3, 10 and 50 on a broker one is killed: all others have their new places within settle + cycle
    + 3.5 gap, and the first does not move."""
    bound = SETTLE + NAMED.cycle + 3.5 * NAMED.gap + ALLOWANCE
    for count in (3, 10, 50):
        took: list[float] = []
        inner = world.inner()
        judge(inner, lambda one, size=count, times=took: times.append(lose_one(one, size)))
        world.note(f"{count}: {took[0]:.2f} s")
        check(took[0] <= bound, f"of {count}: after {took[0]:.2f} s; allowed are {bound:.2f}")


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


def first(world: World, nodes: Sequence[Node]) -> str:
    """Who is it, once all have settled."""
    return next(name for name, index in await_places(world, nodes).items() if index == 1)


@case(seconds=30)
def wishes(world: World) -> None:
    """Who is first stays so, unless one preempts; when it has died, whoever wishes it most is."""
    a = world.node("a", "--never")
    b = world.node("b")
    check(first(world, [a, b]) == "b", "a is first, and never is to be")
    d = world.node("d", "--prefer", "90")
    check(first(world, [a, b, d]) == "b", "b was first, and d does not preempt")
    c = world.node("c", "--prefer", "60", "--preempt")
    check(first(world, [a, b, c, d]) == "c", "c preempts, and b does not prefer it")
    c.kill()
    check(first(world, [a, b, d]) == "d", "d prefers it most")
    c = world.node("c", "--prefer", "60", "--preempt")
    check(first(world, [a, b, c, d]) == "d", "c preempts, but d prefers it more")
    check_exclusive(world)


DRAIN = 4.0


def await_settling(world: World, nodes: Sequence[Node], after: float) -> float:
    """Until each has given its index up; when the last one did."""
    return max(world.await_event("settling", settled_max(world), after, node).mono
               for node in nodes)


@case(seconds=40)
def drain(world: World) -> None:
    """A new view waits until all have said that they have stopped, for one that has died so long."""
    nodes = world.group("abc", "--drain", str(DRAIN))
    await_places(world, nodes)
    started = now()
    newcomer = world.node("d", "--drain", str(DRAIN))
    gave_up = await_settling(world, nodes, started)
    for node in nodes[1:]:
        node.send(signal.SIGUSR1)
    wait_until(gave_up + settle_min(world) + DRAIN / 2)
    early = world.events("settled", gave_up)
    check(not early, f"a has not stopped, and there is {early}")
    said = nodes[0].send(signal.SIGUSR1)
    await_places(world, [*nodes, newcomer])
    took = max(place(world, node).mono for node in [*nodes, newcomer]) - said
    world.note(f"settled {took:.2f} s after the last word")
    check(min(event.mono for event in world.events("settled", gave_up)) > said, "it was not waited for")

    killed = nodes[1].kill()
    rest = [nodes[0], nodes[2], newcomer]
    await_settling(world, rest, killed)
    for node in rest:
        node.send(signal.SIGUSR1)
    world.wait("place of each", settled_max(world) + DRAIN + world.timing.rescue_max,
               lambda: all(place(world, node) for node in rest))
    await_places(world, rest)
    took = min(place(world, node).mono for node in rest) - killed
    world.note(f"and {took:.2f} s after a death")
    check(took >= settle_min(world) + DRAIN, f"after {took:.2f} s")
    latest = max(place(world, node).mono for node in rest) - killed
    check(latest <= settled_max(world) + DRAIN, f"one that had died cost {latest:.2f} s")
    check_exclusive(world)


@case(seconds=30)
def away(world: World) -> None:
    """A restart moves no share: who is away keeps its place, until its time is over."""
    world.start_broker()
    a, c = world.node("a"), world.node("c")
    b = world.node("b", "--away", "20")
    before = await_places(world, [a, b, c])
    ended = b.terminate()
    b.wait(5)
    world.await_turns(3, after=now())
    b = world.node("b", "--away", "1")
    check(await_places(world, [a, b, c]) == before, f"the places were {before}")
    back = place(world, b).mono
    moved = [event.data for node in (a, c)
             for event in world.events(("settling", "leave", "join"), ended, node)]
    check(not moved, f"a restart has moved {moved}")
    world.note(f"its place is back after {back - ended:.2f} s")

    world.await_turns(3, after=now())
    ended = b.terminate()
    b.wait(5)
    left = world.await_event("leave", 1 + settled_max(world), ended, a)
    check(left["reason"] == "expired" and left["member"] == "b", f"there is {left.data}")
    check(left.mono >= ended + 0.9, f"b was to be back after 1 s, and left after {left.mono - ended:.2f}")
    await_places(world, [a, c])
    check_exclusive(world)
