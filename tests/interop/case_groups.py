# SPDX-License-Identifier: MIT
"""Groups of both kinds that are left in peace, and newcomers of either kind."""
import referee
from cases import case
from clock import check, now
from mixed import Mixed, python_ring, ring
from world import TURN, World

BEACONS_A_SLOT = 1.1   # of the long run; the more Python nodes, the more of them collide
LONG, SHORT = 100, 25  # cycles
LATE = 0.05            # s that a stamp may be late by


def take_turns(world: World, pythons: int, ours: int, distinct: bool, cycles: int) -> None:
    """Until all have had a turn and the ring is full, and then so many cycles. The runner's referee
    looks for two that are tagged; nobody may end meanwhile."""
    mixed = Mixed(world)
    mixed.both(pythons, ours, distinct)
    mixed.await_all_tagged()
    after = world.events(TURN)[-1].mono
    full = world.wait("full ring", 60 * world.timing.turn_max, lambda: next(
        (slot for slot in world.events("slot", after) if slot["full"]), None))
    turns = world.await_turns(cycles + 1, after=full.mono)
    slots, beacons = cycles, mixed.beacons(turns[0].mono, turns[-1].mono)
    world.note(f"{beacons} beacons in {slots} slots")
    check(cycles < LONG or beacons <= BEACONS_A_SLOT * slots, f"{beacons} beacons in {slots} slots")
    mixed.check_wire()


@case(seconds=150)
def three_and_three(world: World) -> None:
    """3 Python nodes and 3 of ours: 100 cycles without two tagged; all had turns, nobody ended."""
    take_turns(world, 3, 3, False, LONG)


@case(seconds=50)
def three_and_three_by_value(world: World) -> None:
    """The same with distinct values."""
    take_turns(world, 3, 3, True, SHORT)


@case(seconds=50)
def one_python(world: World) -> None:
    """One Python node among five of ours."""
    take_turns(world, 1, 5, False, SHORT)


@case(seconds=50)
def one_python_by_value(world: World) -> None:
    """The same with distinct values."""
    take_turns(world, 1, 5, True, SHORT)


@case(seconds=50)
def one_of_ours(world: World) -> None:
    """One of ours among five Python nodes."""
    take_turns(world, 5, 1, False, SHORT)


@case(seconds=50)
def one_of_ours_by_value(world: World) -> None:
    """The same with distinct values."""
    take_turns(world, 5, 1, True, SHORT)


@case(seconds=40)
def what_only_ours_know(world: World) -> None:
    """A Python node does not mind wishes, drain, or who will be away: it goes on taking its turns."""
    mixed = Mixed(world)
    mixed.python("p0", 0, *python_ring(4))
    mixed.await_started(mixed.pythons)
    common = ("--drain", "1", *ring(4))
    mixed.actord("c0", 0, "--never", *common)
    mixed.actord("c1", 0, "--prefer", "100", "--preempt", *common)
    ends = mixed.actord("c2", 0, "--prefer", "7", "--away", "60", *common)
    mixed.await_all_tagged()
    ends.terminate()
    ends.wait(5)
    mixed.await_all_tagged([*mixed.pythons, *mixed.ours[:2]], after=now())
    said = [heard.decoded() for heard in mixed.tap.on(mixed.topic)]
    keys = {key for message in said for key in message}
    check({"prefer", "never", "preempt", "away"} <= keys, f"the keys were {sorted(keys)}")
    mixed.check_wire()


# --- Newcomers ---------------------------------------------------------------------------------


@case(seconds=30)
def python_newcomer(world: World) -> None:
    """A Python node comes into a group of ours, and has its turn."""
    mixed = Mixed(world)
    for name in ("c0", "c1", "c2"):
        mixed.actord(name, 0, *ring(4))
    mixed.await_all_tagged()
    newcomer = mixed.python("p0", 0, *python_ring(4))
    mixed.await_all_tagged([newcomer])
    mixed.await_all_tagged(after=world.events(TURN, node=newcomer)[0].mono)
    mixed.check_wire()


def first_said(mixed: Mixed, kind: str) -> float:
    """When c0 first said a message of this kind."""
    return next(heard.at for heard in mixed.tap.on(mixed.topic)
                if heard.decoded()["t"] == kind and heard.decoded()["node"] == "c0")


@case(seconds=30)
def newcomer_of_ours(world: World) -> None:
    """One of ours comes into a group of Python nodes: no turn is cut."""
    mixed = Mixed(world)
    for name in ("p0", "p1", "p2"):
        mixed.python(name, 0, *python_ring(4))
    mixed.await_all_tagged()
    newcomer = mixed.actord("c0", 1000, *ring(4))
    mixed.await_all_tagged([newcomer])
    came, spoke = (first_said(mixed, kind) for kind in ("init", "ping"))
    cut = [term for term in referee.terms(mixed.pythons)
           if came < term.end < spoke - LATE and term.end < term.until - LATE]
    check(not cut, f"a turn was cut before it spoke: {cut[:1]}")
    spoken_into = [term for term in referee.terms(mixed.pythons)
                   if term.start < spoke < term.until - 2 * world.timing.gap]
    check(not spoken_into, f"it spoke in the middle of {spoken_into[:1]}")
    mixed.await_all_tagged(after=world.events(TURN, node=newcomer)[0].mono)
    mixed.check_wire()
