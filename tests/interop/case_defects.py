# SPDX-License-Identifier: MIT
"""What Python nodes do not survive, with one of ours beside them or without: ours go on."""
import cbor
from cases import case
from clock import check, now
from mixed import Mixed
from world import TURN, World


def two_groups(world: World) -> tuple[Mixed, Mixed]:
    """A mixed group, and one of Python nodes alone."""
    mixed, alone = Mixed(world), Mixed(world, group="h")
    for i in range(2):
        alone.python(f"q{i}")
    mixed.both(2, 2)
    alone.await_started(alone.pythons)
    mixed.await_all_tagged(mixed.ours)
    for node in (*mixed.pythons, *alone.pythons):
        node.may_end = True
    return mixed, alone


def check_ended(mixed: Mixed, alone: Mixed) -> None:
    """All the Python nodes, in both groups."""
    for node in (*mixed.pythons, *alone.pythons):
        status = node.wait(10)
        check(status == 1, f"{node.name} has ended with status {status}")
    mixed.world.note(f"Python nodes end with or without ours: {mixed.pythons[0].log[-1][:60]}")


@case(seconds=25)
def python_ends_by_one_bad_message(world: World) -> None:
    """The CBOR integer 5 ends every Python node, also in a group without ours; ours say that they
    dropped it, and lead on."""
    mixed, alone = two_groups(world)
    sent = now()
    mixed.tap.publish(mixed.topic, cbor.encode(5))
    mixed.tap.publish(alone.topic, cbor.encode(5))
    check_ended(mixed, alone)
    mixed.await_all_tagged(mixed.ours, after=sent)
    for node in mixed.ours:
        check(node.said("dropped"), f"{node.name} does not say that it dropped it")
    check(len(world.events(TURN, sent)) > 0, "nobody leads on")


@case(seconds=35)
def python_ends_by_a_broker_restart(world: World) -> None:
    """So does a restart of the broker; ours are back by themselves."""
    mixed, alone = two_groups(world)
    world.broker.kill()
    check_ended(mixed, alone)
    back = world.broker.start()
    mixed.await_all_tagged(mixed.ours, after=back)
