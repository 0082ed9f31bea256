# SPDX-License-Identifier: MIT
"""What happens to groups of both kinds: holders die, parameters change."""
import signal
from typing import Any

from cases import case
from clock import check
from mixed import Mixed, python_ring
from processes import Event, Node
from world import TURN, World


# --- A holder ends its turn --------------------------------------------------------------------


def fresh_tag(world: World, kind: list[Node]) -> Event:
    """The next that begins from now on."""
    begun = [event.mono for event in world.events(TURN)][-1]
    return world.wait(f"tag of one of {' '.join(node.name for node in kind)}",
                      20 * world.timing.turn_max, lambda: next(
                          (tag for tag in world.events("tag", begun) if tag.node in kind), None))


def await_following(world: World, mixed: Mixed, holder: Node, at: float) -> Event:
    """The next tag comes as after any death, and then all others have turns."""
    following = world.await_event("tag", world.timing.rescue_max, after=at, but=holder)
    took = following.mono - at
    world.note(f"{following.node.name} leads {took:.2f} s later")
    check(took <= world.timing.rescue_max, f"the next tag came {took:.2f} s later")
    mixed.await_all_tagged([node for node in mixed.nodes if node is not holder], after=at)
    mixed.check_wire()
    return following


def kill_holder(world: World, mixed: Mixed, kind: list[Node]) -> None:
    mixed.await_all_tagged()
    holder = fresh_tag(world, kind).node
    await_following(world, mixed, holder, holder.kill())


@case(seconds=35)
def python_holder_killed(world: World) -> None:
    """A Python node is killed with -9 while it is tagged."""
    mixed = Mixed(world)
    mixed.both(3, 3)
    kill_holder(world, mixed, mixed.pythons)


@case(seconds=35)
def holder_of_ours_killed(world: World) -> None:
    """One of ours is."""
    mixed = Mixed(world)
    mixed.both(3, 3)
    kill_holder(world, mixed, mixed.ours)


def check_said(mixed: Mixed, node: Node, key: str, value: Any) -> None:
    """That it was on the wire, so that Python nodes have heard it."""
    messages = [heard.decoded() for heard in mixed.tap.on(mixed.topic)]
    check(any(message.get("node") == node.name and message.get(key) == value
              for message in messages), f"{node.name} has not said {key}: {value}")


@case(seconds=35)
def holder_of_ours_ends(world: World) -> None:
    """One of ours says good-bye while it is tagged: Python nodes live on, and follow who takes over."""
    mixed = Mixed(world)
    mixed.both(3, 3)
    mixed.await_all_tagged()
    holder = fresh_tag(world, mixed.ours).node
    await_following(world, mixed, holder, holder.terminate())
    check_said(mixed, holder, "left", True)


@case(seconds=45)
def ours_hands_over(world: World) -> None:
    """One of ours hands its turn to another of ours by name, and then to a Python node, which does
    not understand that: others follow all the same."""
    mixed = Mixed(world)
    for name in ("p0", "p1"):
        mixed.python(name, 0, *python_ring(4))
    mixed.await_started(mixed.pythons)
    holder = mixed.member("c0", 4)
    mixed.member("c1", 4)
    mixed.await_all_tagged()
    for heir in ("c1", "p0"):
        tag = fresh_tag(world, [holder])
        holder.command(hand_over=heir)
        end = world.await_event("untag", 1, after=tag.mono, node=holder)
        check(end["reason"] == "handover", f"it ends by {end.data}")
        following = await_following(world, mixed, holder, end.mono)
        check(heir != "c1" or following.node.name == "c1", f"{following.node.name} was not meant")
        check_said(mixed, holder, "heir", heir)


# --- Parameters --------------------------------------------------------------------------------

SLOWER = {"version": 4, "cycle": 1.4, "gap": 0.2, "nodes": 5}


def await_setup(world: World, nodes: list[Node], version: int) -> None:
    for node in nodes:
        setup = world.wait(f"version {version} of {node.name}", 3, lambda one=node: next(
            (setup for setup in world.events("setup", node=one) if setup["version"] == version),
            None))
        check((setup["cycle"], setup["gap"]) == (SLOWER["cycle"], SLOWER["gap"]),
              f"other parameters than were asked for: {setup.data}")


def change(world: World, mixed: Mixed, asks: Node) -> None:
    """All others take them over, and turns are as long as they say."""
    mixed.await_all_tagged()
    asks.command(update_config=SLOWER)
    await_setup(world, [node for node in mixed.nodes if node is not asks], SLOWER["version"])
    begun = world.events(TURN)[-1].mono
    turns = world.await_turns(8, after=begun + SLOWER["cycle"])
    slots = [later.mono - earlier.mono for earlier, later in zip(turns, turns[1:])]
    shortest = SLOWER["cycle"] - SLOWER["gap"] - 0.05
    check(min(slots) >= shortest, f"a slot of {min(slots):.2f} s, with a cycle of 1.4 s")
    mixed.check_wire()


@case(seconds=35)
def python_asks_for_parameters(world: World) -> None:
    """A Python node does."""
    mixed = Mixed(world)
    mixed.both(2, 3)
    change(world, mixed, mixed.pythons[0])


@case(seconds=35)
def ours_asks_for_parameters(world: World) -> None:
    """One of ours does."""
    mixed = Mixed(world)
    mixed.both(2, 2, more=1)
    change(world, mixed, mixed.member("c2", 5))


@case(seconds=45)
def restart_beside_its_echo(world: World) -> None:
    """Python nodes answer older parameters under the name of whoever set them: one of ours that
    restarts hears its own name, stays, and takes them over."""
    mixed = Mixed(world)
    mixed.python("p0")
    asks = mixed.member("c0", 5)
    mixed.await_all_tagged()
    asks.command(update_config=SLOWER)
    await_setup(world, mixed.pythons, SLOWER["version"])
    asks.terminate(signal.SIGTERM)
    asks.wait(5)
    mixed.ours.remove(asks)
    again = mixed.actord("c0")
    await_setup(world, [again], SLOWER["version"])
    mixed.await_all_tagged(after=again.started_at)
    echoes = [heard for heard in mixed.tap.on(mixed.topic, again.started_at)
              if heard.decoded().get("node") == "c0" and heard.decoded()["t"] == "vers"
              and "nonce" not in heard.decoded()]
    check(echoes, "the Python node did not answer under its name, so nothing was shown")
