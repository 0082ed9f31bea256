# SPDX-License-Identifier: MIT
"""What breaks in the field: holders that die or freeze, brokers that do, two nodes of one name."""
from cases import case
from clock import ALLOWANCE, check, now, wait_until
from processes import Node
from world import NAMED, TURN, Timing, World


# --- The holder --------------------------------------------------------------------------------


def kill_one_holder(world: World) -> float:
    """Returns how long it took until another was tagged; the killed one is back by then."""
    holder = world.next_tag().node
    at = holder.kill()
    heir = world.await_event("tag", world.timing.rescue_max, after=at, but=holder)
    took, allowed = heir.mono - at, world.timing.cycle + 2.6 * world.timing.gap
    check(took <= allowed, f"{took:.3f} s until {heir.node.name} was tagged; "
                           f"allowed are {allowed:.3f}")
    back = world.node(holder.name)
    world.await_event("slot", 5 * world.timing.turn_max, node=back)
    return took


def kill_holders(world: World, times: int) -> None:
    world.start_broker()
    world.await_all_tagged(world.group("abcd"))
    took = [kill_one_holder(world) for _ in range(times)]
    world.note(f"next tag after {min(took):.2f} to {max(took):.2f} s")


@case(seconds=45)
def kill_holder(world: World) -> None:
    """Holder killed with -9: the next tag within cycle + 2.6 gap, ten times of ten."""
    kill_holders(world, 10)


@case(seconds=20)
def kill_holder_named(world: World) -> None:
    """The same once with cycle 2 and gap 0.3."""
    world.timing = NAMED
    kill_holders(world, 1)


@case(seconds=20)
def kill_holder_local(world: World) -> None:
    """The same on the local bus, where the dead one leaves its socket behind."""
    world.await_all_tagged(world.group("abc"))
    took = [kill_one_holder(world) for _ in range(3)]
    world.note(f"next tag after {min(took):.2f} to {max(took):.2f} s")
    files = list((world.dir / "bus").glob("actor.g/*"))
    sockets = sum(file.is_socket() for file in files)
    check(sockets == 3, f"{sockets} sockets are left for three nodes")
    check(len(files) == 6, f"{len(files) - sockets} presences are left for three nodes")


def freeze_holder_on(world: World) -> None:
    """Two are tagged at most from the thaw to the first event, and that one is the end."""
    world.await_all_tagged(world.group("abc"))
    tag = world.next_tag()
    holder = tag.node
    # Its tag and its slot are told one after the other: it is frozen when both are out.
    world.await_event("slot", 2, after=tag.mono, node=holder)
    frozen = holder.freeze()
    world.await_event("tag", world.timing.rescue_max, after=frozen, but=holder)
    # Thawed in the other's turn; less than half a gap after its own end it would only be late.
    wait_until(tag["until"] + world.timing.gap)
    thawed = holder.thaw()
    first = world.wait("event after the thaw", 2, lambda: next(
        (event for event in holder.events if event.mono > frozen), None))
    world.note(f"first event {1000 * (first.mono - thawed):.1f} ms after the thaw")
    check(first.kind == "untag" and first["reason"] == "suspend",
          f"the first event after the thaw is {first.data}")
    check(first.mono - thawed < ALLOWANCE, "that took too long")
    world.await_event("tag", 10 * world.timing.turn_max, after=thawed, node=holder)


@case(seconds=25)
def freeze_holder(world: World) -> None:
    """Holder frozen with SIGSTOP and thawed later: it reports untag (suspend) before anything
    else, and two are never tagged by more than the time between thaw and its first event."""
    world.timing = NAMED
    world.start_broker()
    freeze_holder_on(world)


@case(seconds=12)
def freeze_holder_local(world: World) -> None:
    """The same on the local bus, where what was sent meanwhile waits in its socket."""
    freeze_holder_on(world)


# --- The broker --------------------------------------------------------------------------------


@case(seconds=30)
def broker_restart(world: World) -> None:
    """mosquitto killed with -9 and restarted after 3 s: every node says link-down within 2 s, is
    back within 2 s of the broker's return, one holder within two cycles, no stale beacon sent."""
    world.timing = NAMED
    broker = world.start_broker()
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    world.next_tag()
    killed = broker.kill()
    for node in nodes:
        down = world.await_event("link-down", 2, after=killed, node=node)
        check(down.mono - killed < 2, f"{node.name} says so after {down.mono - killed:.2f} s")
    wait_until(killed + 3)
    returned = broker.start()
    tap = world.tap("actor/g")
    ups = [world.await_event("link-up", 2, after=returned - 1, node=node) for node in nodes]
    first, last = min(up.mono for up in ups), max(up.mono for up in ups)
    check(last - returned < 2, f"{last - returned:.2f} s until all are back")
    tag = world.await_event("tag", 2 * world.timing.cycle, after=first)
    check(tag.mono - last <= 2 * world.timing.cycle, f"one leads only {tag.mono - last:.2f} s later")
    world.await_all_tagged(nodes, after=first)
    ping = tap.pings("actor/g")[0]
    listened = ping.at - first
    check(listened > 2.5 * world.timing.gap, f"a beacon only {listened:.3f} s after the first was "
                                             "back: it is stale, or nobody listened before (J1)")
    world.note(f"back after {last - returned:.2f} s, leads after {tag.mono - returned:.2f} s")


@case(seconds=15)
def broker_frozen(world: World) -> None:
    """A broker that does not answer: the holder gives up by the link lease (L1), and comes back."""
    world.timing = Timing(3.0, 0.3)
    keepalive = 1.0
    broker = world.start_broker()
    world.group("ab", "--keepalive", str(keepalive))
    tag = world.next_tag()
    frozen = broker.freeze()
    end = world.await_event(("untag", "detag"), keepalive, after=frozen, node=tag.node)
    took = end.mono - frozen
    world.note(f"untag after {took:.2f} s of keepalive {keepalive:.0f}")
    check(end.kind == "untag" and end["reason"] in ("lease", "link"), f"it ended by {end.data}")
    check(took < keepalive + ALLOWANCE, f"the tag was held for {took:.2f} s more")
    thawed = broker.thaw()
    world.await_event("tag", 2 * world.timing.rescue_max, after=thawed)


# --- One name ----------------------------------------------------------------------------------


def start_second(world: World, nodes: list[Node]) -> None:
    """Another process of the first one's name, while that one runs."""
    started = now()
    world.await_turns(1, after=started)
    second = world.node(nodes[0].name)
    second.may_end = True
    status = second.wait(5)
    check(status == 1, f"the later one ended with status {status}")
    check(second.said("name"), f"it does not say why: {second.log}")
    check(not world.events(TURN, 0, second), "the later one was tagged")
    turns = world.await_turns(5, after=now())
    check({turn.node for turn in turns} == set(nodes), "the older one has no turns any longer")
    world.check_undisturbed(nodes, started, now())


@case(seconds=15)
def same_name(world: World) -> None:
    """Two nodes of one name: the later one stops with status 1 and says why; the older goes on; the
    broker sees no loop of reconnects."""
    broker = world.start_broker()
    nodes = world.group("ab")
    world.await_all_tagged(nodes)
    start_second(world, nodes)
    for name, count in (("a", 2), ("b", 1)):
        made = broker.connections(f"{name}-")
        check(len(made) == count, f"{name} has made {len(made)} connections: {made}")


@case(seconds=15)
def same_name_local(world: World) -> None:
    """The same on the local bus."""
    nodes = world.group("ab")
    world.await_all_tagged(nodes)
    start_second(world, nodes)
