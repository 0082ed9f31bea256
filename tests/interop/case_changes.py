# SPDX-License-Identifier: MIT
"""What happens to groups of both kinds: holders die, parameters change."""
import signal
from typing import Callable

from cases import case
from clock import check
from mixed import Mixed
from processes import Event, Node
from world import TURN, World


# --- A holder dies -----------------------------------------------------------------------------


def kill_holder(world: World, mixed: Mixed, kind: list[Node]) -> None:
    """While it is tagged; the next tag comes as after any death, and then all others have turns."""
    mixed.await_all_tagged()
    tag = world.wait(f"tag of one of {' '.join(node.name for node in kind)}",
                     20 * world.timing.turn_max, fresh_tag(world, kind))
    killed = tag.node.kill()
    following = world.await_event("tag", world.timing.rescue_max, after=killed, but=tag.node)
    took = following.mono - killed
    world.note(f"{following.node.name} leads {took:.2f} s later")
    check(took <= world.timing.rescue_max, f"the next tag came {took:.2f} s later")
    others = [node for node in mixed.nodes if node is not tag.node]
    mixed.await_all_tagged(others, after=killed)
    mixed.check_wire()


def fresh_tag(world: World, kind: list[Node]) -> Callable[[], Event]:
    """The next that begins from now on."""
    begun = [event.mono for event in world.events(TURN)][-1]
    return lambda: next((tag for tag in world.events("tag", begun) if tag.node in kind), None)


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
