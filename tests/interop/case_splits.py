# SPDX-License-Identifier: MIT
"""One network that becomes two, with one kind of nodes on each side, and is mended."""
import dataclasses

import referee
from cases import case
from clock import check, now
from mixed import Mixed, python_ring, ring
from mqtt import Heard, Tap
from processes import Broker
from world import TURN, World

PROBE = "actor/probe"
SIDE_TURNS, JOINT_TURNS = 8, 15


@dataclasses.dataclass
class Sides:
    """Two brokers, and a third that carries all between them while it lives; what is said while it
    does not is lost."""
    here: Broker
    there: Broker
    between: Broker

    @staticmethod
    def of(world: World) -> "Sides":
        here, there = (Sides.broker(world, name) for name in ("here", "there"))
        lines = ["allow_anonymous true"]
        for name, broker in (("here", here), ("there", there)):
            lines += [f"connection {name}", f"address 127.0.0.1:{broker.port}",
                      f"remote_clientid bridge-{name}", "topic actor/# both 1",
                      "cleansession true", "restart_timeout 1", "bridge_protocol_version mqttv311",
                      "notifications false"]
        return Sides(here, there, Sides.broker(world, "between", *lines))

    @staticmethod
    def broker(world: World, name: str, *lines: str) -> Broker:
        directory = world.dir / name
        directory.mkdir(mode=0o755)
        broker = Broker(directory, *lines)
        world.stack.callback(broker.remove)
        broker.start()
        return broker


def await_joined(world: World, taps: list[Tap]) -> float:
    """What is said on one side is heard on the other; when it was."""
    begun = now()

    def heard(tap: Tap, words: bytes) -> list[Heard]:
        return [probe for probe in tap.on(PROBE, begun) if probe.payload == words]

    def crosses() -> bool:
        taps[0].publish(PROBE, b"from here")
        taps[1].publish(PROBE, b"from there")
        return bool(heard(taps[0], b"from there") and heard(taps[1], b"from here"))
    world.wait("way across", 10, crosses)
    return now()


def start_sides(world: World, mixed: Mixed, sides: Sides) -> list[Tap]:
    """Python nodes here and ours there."""
    taps = [Tap(broker.port, [mixed.topic, PROBE], world.changed) for broker in (sides.here, sides.there)]
    for tap in taps:
        world.stack.callback(tap.close)
    mixed.tap = taps[0]
    await_joined(world, taps)
    for i in range(3):
        mixed.python(f"p{i}", 0, *python_ring(6), port=sides.here.port)
    mixed.await_started(mixed.pythons)
    for i in range(3):
        mixed.actord(f"c{i}", 0, *ring(6), url=sides.there.url)
    mixed.await_all_tagged()
    return taps


@case(seconds=90)
def healed_split(world: World) -> None:
    """Python nodes here, ours there, cut for 8 turns and mended: each side leads by itself, and
    then they share one rotation again, with one holder at a time."""
    world.overlap_allowed = float("inf")  # two islands have a holder each; see below
    mixed = Mixed(world, broker=False)
    sides = Sides.of(world)
    taps = start_sides(world, mixed, sides)
    joined = world.events(TURN)[-1].mono
    world.await_turns(JOINT_TURNS, after=joined)
    cut = sides.between.kill()
    check(not list(referee.overlaps(mixed.nodes, joined)), "two were tagged before the cut")
    for kind in (mixed.pythons, mixed.ours):
        world.wait("turns on each side", 20 * world.timing.turn_max, lambda nodes=kind: sum(
            len(world.events(TURN, cut, node)) for node in nodes) >= SIDE_TURNS)
    sides.between.start()
    healed = await_joined(world, taps)
    mixed.await_all_tagged(after=healed)
    settled = world.events(TURN)[-1].mono
    world.await_turns(JOINT_TURNS, after=settled)
    both = list(referee.overlaps(mixed.nodes, settled))
    check(not both, f"two are tagged after the heal: {both[:1]}")
    last = [pair[1].start for pair in referee.overlaps(mixed.nodes, cut)]
    world.note(f"one holder {max(0, max(last, default=0) - healed):.1f} s after the heal")
    mixed.check_wire(taps[1])
