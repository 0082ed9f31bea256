# SPDX-License-Identifier: MIT
"""Who is there (PROTOCOL.md H1, H2, H9): what each tells the others, and what a broker keeps of it."""
import collections
import json
import os
from typing import Any, Optional, Sequence

from cases import case
from clock import check, now, wait_until
from processes import Broker, Node
from proxy import Proxy
from world import World

CYCLES = int(os.environ.get("CYCLES", "20"))

TOPIC = "actor/@/"
SETTLED = 5 + 2 + 3 + 1  # s after a link has come up: nobody asks for others any longer
FORGOTTEN_MAX = 12.0  # s after it: who has died unseen is missed
MISSED_MAX = 1.5 * 2 + 7  # s until mosquitto misses one that is silent, with the least keepalive

PERSISTENT = ["persistence true", "autosave_on_changes true", "autosave_interval 1"]


def await_said(world: World, by: Sequence[Node], kind: str, reason: str, member: str,
               after: float, seconds: float = 5) -> float:
    """All of these say so; returns when they had."""
    def first(node: Node) -> Optional[float]:
        return next((event.mono for event in world.events(kind, after, node)
                     if (event["member"], event["reason"]) == (member, reason)), None)
    return max(world.wait(f"{kind} ({reason}) of {member} at {node.name}", seconds,
                          lambda one=node: first(one)) for node in by)


def check_said(world: World, by: Sequence[Node], member: str, after: float, *expected: str) -> None:
    """Since then they have said these reasons of it, and nothing else."""
    for node in by:
        told = [event["reason"] for event in world.events(("join", "leave"), after, node)
                if event["member"] == member]
        check(told == list(expected), f"{node.name} says of {member}: {told}")


def kept(world: World) -> dict[str, dict[str, Any]]:
    """The presences that the broker has for a newcomer."""
    tap = world.tap(f"{TOPIC}+", "end")
    tap.publish("end", b"!")
    world.wait("what the tap has said itself", 2, lambda: tap.on("end"))
    tap.close()
    return {heard.topic[len(TOPIC):]: json.loads(heard.payload) for heard in list(tap.heard)
            if heard.retained and heard.topic.startswith(TOPIC)}


# --- Members -----------------------------------------------------------------------------------


def restart(world: World, node: Node, others: list[Node], reason: str, within: float) -> Node:
    """It ends, and is started again at once."""
    at = node.kill() if reason == "lost" else node.terminate()
    node.wait(2)
    back = world.node(node.name)
    told = await_said(world, others, "leave", reason, node.name, at)
    check(told - at < within, f"{told - at:.2f} s until all said that it is {reason}")
    await_said(world, others, "join", "returned", node.name, at)
    for other in others:
        await_said(world, [back], "join", "new", other.name, at)
    world.await_all_tagged([back], after=at)
    check_said(world, others, node.name, at, reason, "returned")
    return back


def come_and_go(world: World) -> None:
    nodes = world.group("abcde")
    world.await_all_tagged(nodes)
    for node in nodes:
        check_said(world, [other for other in nodes if other is not node], node.name, 0, "new")
    back = restart(world, nodes[0], nodes[1:], "lost", 0.5)
    restart(world, back, nodes[1:], "left", 0.5)


@case(seconds=20)
def members(world: World) -> None:
    """Each says once of each other that it is new; of one that is killed or ended, and started again
    at once, that it is lost or has left, and that it has returned."""
    world.start_broker()
    come_and_go(world)


@case(seconds=15)
def members_local(world: World) -> None:
    """The same on the local bus."""
    come_and_go(world)


@case(seconds=20)
def restarted_beside_frozen(world: World) -> None:
    """A node is frozen, and started again elsewhere: when the broker finds the old connection dead,
    nobody takes the new one for lost; when that one dies, all do."""
    world.start_broker()
    nodes = world.group("abc", "--keepalive", "1")
    world.await_all_tagged(nodes)
    world.await_event("tag", 5 * world.timing.turn_max, after=now(), node=nodes[1])
    frozen = nodes[0].freeze()
    again = world.node("a", "--keepalive", "1")
    world.await_all_tagged([again], after=frozen)
    wait_until(frozen + MISSED_MAX)
    log = world.broker.log.read_text()
    check("exceeded timeout" in log, "the broker has not missed the old one")
    check_said(world, nodes[1:], "a", frozen)
    killed = again.kill()
    told = await_said(world, nodes[1:], "leave", "lost", "a", killed)
    check(told - killed < 0.5, f"{told - killed:.2f} s until it was lost")


# --- What the broker keeps ---------------------------------------------------------------------


@case(seconds=5)
def presence_kept(world: World) -> None:
    """A retained message says what an agent is and takes part in, and goes when the agent does."""
    world.start_broker()
    first = world.node("a", "--tag", "site=north", "--tag", "rack=3", groups=("g", "h"))
    second = world.node("b")
    about = world.wait("presence of both", 5, lambda: len(found := kept(world)) == 2 and found)
    check(sorted(about["a"]["groups"]) == ["g", "h"], f"other groups: {about['a']}")
    check(about["a"]["tags"] == {"site": "north", "rack": "3"}, f"other tags: {about['a']}")
    check((about["b"]["groups"], about["b"]["tags"]) == (["g"], {}), f"other ones: {about['b']}")
    for one in about.values():
        check(isinstance(one["addresses"], list) and one["version"], f"something lacks: {one}")
    check(about["a"]["incarnation"] != about["b"]["incarnation"], "two have one incarnation")
    first.terminate()
    first.wait(2)
    check(list(kept(world)) == ["b"], "the presence of one that has ended is kept")
    second.kill()
    world.wait("end of the other's presence", 1, lambda: not kept(world))


@case(seconds=15)
def presence_refused(world: World) -> None:
    """A broker that refuses these topics: the group works, and knows of those that it hears."""
    rules = world.dir / "acl"
    rules.write_text(f"topic readwrite actor/#\ntopic deny {TOPIC}#\n")
    world.start_broker("allow_anonymous true", f"acl_file {rules}")
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    for node in nodes:
        check_said(world, [other for other in nodes if other is not node], node.name, 0, "new")
        check(node.said(f"does not allow publishing to {TOPIC}{node.name}"), "nobody says so")
    tag = world.next_tag()
    tag.node.kill()
    world.await_turns(6, after=tag.mono)
    told = {leave["reason"] for leave in world.events("leave")}
    check(told <= {"expired"}, f"the killed one is {told}, though nobody can know")


@case(seconds=45 + max(0, CYCLES - 20))
def presence_is_quiet(world: World) -> None:
    """CYCLES of a steady group: nothing is said about presence; there are one beacon a slot and one
    view, and nothing else."""
    world.start_broker()
    nodes = world.group("abcde")
    world.await_all_tagged(nodes)
    wait_until(max(event.mono for event in world.events("link-up")) + SETTLED)
    tap = world.tap("actor/g", "actor/g/@", f"{TOPIC}#")
    begun = now()  # what is retained has come
    turns = world.await_turns(CYCLES + 1, after=begun)
    first, last = turns[0].mono, turns[-1].mono
    said = [heard for heard in list(tap.heard) if first < heard.at < last]
    presence = [heard.topic for heard in said if heard.topic.startswith(TOPIC)]
    check(not presence, f"something is said on {' '.join(presence)}")
    kinds = collections.Counter(heard.decoded()["t"] for heard in said)
    expected = {"ping": len(turns) - 1, "view": len(turns) - 1}
    check(kinds == expected, f"{len(turns) - 1} slots have {dict(kinds)}")


# --- A broker that has forgotten, or remembers too much ----------------------------------------


def lose_two(world: World, broker: Broker, nodes: list[Node]) -> None:
    """The broker dies, and two nodes before it is back."""
    dead, living = nodes[:2], nodes[2:]
    killed = broker.kill()
    for node in dead:
        node.kill()
    broker.start()
    up = max(world.await_event("link-up", 5, after=killed, node=node).mono for node in living)
    told = max(await_said(world, living, "leave", "lost", node.name, killed, FORGOTTEN_MAX)
               for node in dead)
    world.note(f"missed {told - up:.1f} s after the link's return")
    check(told - up <= FORGOTTEN_MAX, f"only {told - up:.1f} s after the link's return")
    found = world.wait("end of their presences", 2, lambda: len(left := kept(world)) == 3 and left)
    check(sorted(found) == sorted(node.name for node in living), f"kept: {found}")
    wait_until(up + FORGOTTEN_MAX)
    for node in living:
        check_said(world, [other for other in living if other is not node], node.name, killed)


@case(seconds=25)
def broker_restored(world: World) -> None:
    """mosquitto is killed and restored from its disk, without the wills of two that have died
    meanwhile: the others miss them within 12 s, their presences go, and nobody else is missed."""
    broker = world.start_broker("allow_anonymous true", f"persistence_location {world.dir}/",
                                *PERSISTENT)
    nodes = world.group("abcde")
    world.await_all_tagged(nodes)
    check(len(kept(world)) == 5, "not all are there")
    world.wait("file of all", 5, lambda: all(
        f"{TOPIC}{node.name}".encode() in saved(world) for node in nodes))
    lose_two(world, broker, nodes)


def saved(world: World) -> bytes:
    file = world.dir / "mosquitto.db"
    return file.read_bytes() if file.exists() else b""


@case(seconds=25)
def broker_emptied(world: World) -> None:
    """The same when the broker comes back with nothing."""
    broker = world.start_broker()
    nodes = world.group("abcde")
    world.await_all_tagged(nodes)
    lose_two(world, broker, nodes)


@case(seconds=20)
def presence_cut(world: World) -> None:
    """One that is cut off while it asks for those whose presences were kept does not take them for
    dead, or say so to the others, when its connection flows again."""
    broker = world.start_broker()
    nodes = world.group("abc")
    world.wait("presence of all", 5, lambda: len(kept(world)) == 3)
    proxy = Proxy(broker.port)
    world.stack.callback(proxy.close)
    late = world.node("d", "--value", "null", "--keepalive", "20", url=proxy.url)  # it must not lead
    up = world.await_event("link-up", 5, node=late).mono
    proxy.cut()
    wait_until(up + SETTLED)
    proxy.heal()
    wait_until(up + SETTLED + 5)  # it asks anew
    for node in nodes:
        others = [other for other in (*nodes, late) if other is not node]
        check_said(world, others, node.name, 0, "new")
