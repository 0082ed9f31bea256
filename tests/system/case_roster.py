# SPDX-License-Identifier: MIT
"""The settled roster: every member has a place of its own, and the holder tells who is there."""
from typing import Optional, Sequence

from cases import case
from case_turns import as_json
from clock import ALLOWANCE, check
from processes import Event, Node
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


def check_exclusive(world: World, nodes: Sequence[Node]) -> None:
    """I10, by the times that the nodes tell."""
    places: dict[str, int] = {}
    for event in world.events(("settled", "settling")):
        if event.node not in nodes:
            continue
        places.pop(event.node.name, None)
        if event.kind == "settled":
            check(event["index"] not in places.values(),
                  f"{event.node.name} gets index {event['index']}, and has it beside {places}")
            places[event.node.name] = event["index"]


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
    check_exclusive(world, rest)
