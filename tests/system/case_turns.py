# SPDX-License-Identifier: MIT
"""A group left in peace: turns, newcomers, several groups, and what is published of it."""
import json
from typing import Any, Sequence, Union

from cases import case
from clock import check, wait_until
from mqtt import Heard, Tap
from processes import Event, Node
from serf import SerfTap
from world import NAMED, TURN, World

SLOTS = 60
FIRST_SLOTS = 12  # within which each of five has its turn
BEACONS_A_SLOT = 1.02


def check_first_turns(turns: Sequence[Event], nodes: Sequence[Node]) -> None:
    first = {turn.node.name for turn in turns[:FIRST_SLOTS]}
    late = [node.name for node in nodes if node.name not in first]
    check(not late, f"{' '.join(late)} had no turn within {FIRST_SLOTS} slots")


def count_beacons(world: World, tap: Union[Tap, SerfTap], turns: Sequence[Event],
                  topic: str = "actor/g", allowed: float = BEACONS_A_SLOT) -> None:
    """A turn's beacon comes after the tag before it and before its own."""
    full_at = world.events("slot", after=0)
    full_at = next((slot.mono for slot in full_at if slot["full"]), None)
    check(full_at, "the ring is never full")
    stamps = [turn.mono for turn in turns if turn.mono > full_at]
    slots = len(stamps) - 1
    beacons = [ping for ping in tap.pings(topic, after=stamps[0]) if ping.at < stamps[-1]]
    world.note(f"{len(beacons)} beacons in {slots} slots")
    check(slots <= len(beacons) <= allowed * slots,
          f"{len(beacons)} beacons in {slots} slots; at most {allowed} a slot are allowed")


@case(seconds=115)
def five_turns(world: World) -> None:
    """Five actords, cycle 2, gap 0.3, real mosquitto, 60 cycles: never two tagged at once, every
    node had a turn within 12 slots, at most 1.02 beacons a slot once the ring is full."""
    world.timing = NAMED
    world.start_broker()
    tap = world.tap("actor/g")
    nodes = world.group("abcde")
    turns = world.await_turns(SLOTS)
    check_first_turns(turns, nodes)
    count_beacons(world, tap, turns)
    world.check_turns(turns[0].mono, turns[-1].mono)
    check(not world.events("detag", after=turns[FIRST_SLOTS].mono), "somebody was detagged")


@case(seconds=60)
def five_turns_local(world: World) -> None:
    """The same on the local bus, with no server at all."""
    nodes = world.group("abcde")
    turns = world.await_turns(SLOTS)
    check_first_turns(turns, nodes)
    world.check_turns(turns[0].mono, turns[-1].mono)


@case(seconds=45)
def newcomer(world: World) -> None:
    """A newcomer with the highest value joins a running group: the running slot is not cut."""
    world.start_broker()
    nodes = world.group("abcd")
    world.await_all_tagged(nodes)
    for number, moment in enumerate((0.05, 0.25, 0.5, 0.7, 0.95)):
        tag = world.next_tag()
        wait_until(tag.mono + moment * (tag["until"] - tag.mono))
        new = world.node(f"new{number}", "--value", str(1000 + number))
        first = world.await_event("tag", 15 * world.timing.turn_max, node=new)
        # Its predecessor's tag ends beside its own beacon, so it has been told by now.
        world.check_undisturbed(nodes, tag.mono - 0.001, first.mono)
        world.await_turns(1, after=first.mono)
        new.terminate()
        new.wait(2)
    check(not world.events("detag"), "somebody was detagged")


@case(seconds=15)
def several_groups(world: World) -> None:
    """Several -g groups over one connection: each elects, the broker sees one client a node."""
    broker = world.start_broker()
    nodes = [world.node(name, groups=("a", "b")) for name in ("n1", "n2")]
    for group in ("a", "b"):
        world.wait(f"turns of both in {group}", 10 * world.timing.turn_max,
                   lambda seat=group: all(world.events(TURN, 0, node, seat) for node in nodes))
    for node in nodes:
        count = len(broker.connections(node.name))
        check(count == 1, f"{node.name} has made {count} connections")


# --- The topics --------------------------------------------------------------------------------


def as_json(heard: Heard) -> dict[str, Any]:
    try:
        return json.loads(heard.payload)
    except ValueError:
        check(False, f"no JSON on {heard.topic}: {heard.payload!r}")
        raise


def check_node_topic(node: Node, tap: Tap, until: float) -> None:
    """PREFIX/GROUP/event/NODE has the events of the node, each once, as on standard output."""
    topic = f"actor/g/event/{node.name}"
    check(not any(heard.retained for heard in tap.on(topic)), f"{topic} is retained")
    told = [as_json(heard) for heard in tap.on(topic)]
    for kind in ("tag", "untag"):
        printed = [event.data for event in node.events
                   if event.kind == kind and event.mono < until]
        published = [data for data in told if data["event"] == kind and data["mono"] < until]
        check(printed == published, f"{topic} has not the {kind} events that were printed")
    check(any(data["event"] == "link-up" for data in told), f"{topic} has no link-up")
    check(not any(data["event"] == "slot" for data in told), f"{topic} has the group's events")


def check_group_topic(world: World, tap: Tap, after: float, until: float) -> None:
    """PREFIX/GROUP/event has each slot once, from its holder."""
    slots = [data for data in map(as_json, tap.on("actor/g/event"))
             if data["event"] == "slot" and after < data["mono"] < until]
    for slot in slots:
        check(slot["node"] == slot["leader"], f"not from the holder: {slot}")
    leaders = [slot["leader"] for slot in slots]
    holders = [tag.node.name for tag in world.events(TURN, after) if tag.mono < until]
    check(leaders == holders, f"actor/g/event has slots of {leaders}, held by {holders}")


def check_leader_topic(world: World) -> None:
    """PREFIX/GROUP/leader is retained."""
    late = world.tap("actor/g/leader")
    first = world.wait("retained leader", 2, lambda: late.on("actor/g/leader"))[0]
    check(first.retained, "the leader topic is not retained")
    leader = as_json(first)
    missing = {"node", "slot", "since"} - leader.keys()
    check(not missing, f"the leader topic lacks {' '.join(missing)}")
    recent = [tag.node.name for tag in world.events(TURN)[-2:]]
    check(leader["node"] in recent, f"the leader is said to be {leader['node']}, not of {recent}")


@case(seconds=15)
def topics(world: World) -> None:
    """The event topics and the retained leader carry what the design says, each slot once."""
    world.start_broker()
    tap = world.tap("actor/#")
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    turns = world.await_turns(6, after=world.next_tag().mono)
    first, last = turns[0].mono - world.timing.gap / 2, turns[-1].mono - world.timing.gap / 2
    world.wait("slot of the last turn", 2, lambda: any(
        as_json(heard)["mono"] > last for heard in tap.on("actor/g/event")))
    for node in nodes:
        check_node_topic(node, tap, last)
    check_group_topic(world, tap, first, last)
    check_leader_topic(world)
    known = {"actor/g", "actor/g/@", "actor/g/event", "actor/g/leader", "actor/g/roster",
             "actor/@/"} | {f"actor/{of}/{node.name}" for node in nodes for of in ("g/event", "@")}
    strange = {heard.topic for heard in tap.heard} - known
    check(not strange, f"something is published on {' '.join(strange)}")
