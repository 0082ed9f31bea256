# SPDX-License-Identifier: MIT
"""Multicast on a LAN of several hosts: taking turns, and what befalls hosts, cables and switches."""
import case_faults
import case_turns
import referee
from cases import case
from clock import ALLOWANCE, check, now
from lan import Lan
from processes import Event, Node
from world import TURN, World

IPV4 = "udp://239.255.77.77:7777?iface=eth0"
IPV6 = "udp://[ff02::4d4d]:7777?iface=eth0"
BY_ROUTE = "udp://239.255.77.77"
AT_ONCE = 0.5  # for ip(8) to run, the kernel to tell, and a look at the interfaces
CARRIER = 2.0  # the same of a cable: the kernel tells once a second of all in the system


def start_lan(world: World, names: str, url: str = IPV4) -> Lan:
    """A host for each name, in which nodes of that name run from now on."""
    lan = Lan(len(names))
    world.stack.callback(lan.close)
    world.url = url
    world.places = {name: lan.host(number).prefix for number, name in enumerate(names, 1)}
    return lan


def expect_late_ports(world: World) -> None:
    """The switch may open a port later than its host has a link: it is an island until then."""
    world.overlap_allowed = world.timing.cycle


def host_of(lan: Lan, node: Node, names: str) -> int:
    return names.index(node.name) + 1


# --- Left in peace -----------------------------------------------------------------------------


@case(seconds=60)
def five_turns_udp(world: World) -> None:
    """Five hosts, 60 cycles: never two tagged at once, every node had a turn within 12 slots."""
    start_lan(world, "abcde")
    nodes = world.group("abcde")
    turns = world.await_turns(case_turns.SLOTS)
    case_turns.check_first_turns(turns, nodes)
    world.check_turns(turns[0].mono, turns[-1].mono)


@case(seconds=15)
def ipv6_udp(world: World) -> None:
    """IPv6, and two agents on one host beside others: all lead."""
    lan = start_lan(world, "abc", IPV6)
    world.places["d"] = lan.host(1).prefix
    nodes = world.group("abcd")
    turns = world.await_turns(14)
    case_turns.check_first_turns(turns, nodes)
    world.check_turns(turns[0].mono, turns[-1].mono)


@case(seconds=15)
def snooping_switch_udp(world: World) -> None:
    """A switch that sends multicast only where somebody has joined, and no interface named: all
    lead, also after one was away."""
    expect_late_ports(world)
    lan = start_lan(world, "abc", BY_ROUTE)
    lan.snoop()
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    at = now()
    lan.host(1).down()
    down = world.await_event("link-down", AT_ONCE, after=at, node=nodes[0])
    lan.host(1).up()
    up = world.await_event("link-up", CARRIER, after=down.mono, node=nodes[0])
    world.wait("ring of all three", 10 * world.timing.turn_max, lambda: any(
        len(slot["ring"]) == 3 for slot in world.events("slot", up.mono, nodes[0])))
    world.await_all_tagged(nodes, after=up.mono)


@case(seconds=15)
def same_name_udp(world: World) -> None:
    """Two nodes of one name on two hosts: the later one stops with status 1 and says why."""
    lan = start_lan(world, "abc")
    nodes = world.group("ab")
    world.await_all_tagged(nodes)
    world.places["a"] = lan.host(3).prefix
    case_faults.start_second(world, nodes)


# --- Nodes, interfaces, cables -----------------------------------------------------------------


@case(seconds=25)
def kill_holder_udp(world: World) -> None:
    """Holder killed with -9: the next tag within cycle + 2.6 gap, five times of five."""
    start_lan(world, "abcd")
    world.await_all_tagged(world.group("abcd"))
    took = [case_faults.kill_one_holder(world) for _ in range(5)]
    world.note(f"next tag after {min(took):.2f} to {max(took):.2f} s")


@case(seconds=12)
def freeze_holder_udp(world: World) -> None:
    """Holder frozen with SIGSTOP and thawed later: it reports untag (suspend) before anything."""
    start_lan(world, "abc")
    case_faults.freeze_holder_on(world)


def check_off(world: World, holder: Node, at: float, within: float, words: str) -> None:
    """It says so, and leads no longer; the others go on."""
    down = world.await_event("link-down", within, after=at, node=holder)
    check(words in down["reason"], f'"{words}" is not in the reason: {down.data}')
    check(down.mono - at < within, f"it says so after {down.mono - at:.2f} s")
    end = world.await_event("untag", within, after=at, node=holder)
    check(end["reason"] == "link", f"the tag ended by {end.data}")
    heir = world.await_event("tag", world.timing.rescue_max, after=at, but=holder)
    allowed = world.timing.cycle + 2.6 * world.timing.gap
    check(heir.mono - at < allowed, f"the next one is tagged after {heir.mono - at:.2f} s")
    world.note(f"{words}: told after {1000 * (down.mono - at):.0f} ms")


def check_back(world: World, node: Node, at: float) -> None:
    up = world.await_event("link-up", CARRIER, after=at, node=node)
    check(up.mono - at < CARRIER, f"link-up {up.mono - at:.2f} s after its interface")
    world.await_event("tag", 10 * world.timing.turn_max, after=at, node=node)


@case(seconds=30)
def interfaces_udp(world: World) -> None:
    """The holder's interface is switched off, its cable unplugged: it says so and gives up, the
    others go on, and it comes back with the interface."""
    expect_late_ports(world)
    lan = start_lan(world, "abc")
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    tag = world.next_tag()
    number = host_of(lan, tag.node, "abc")
    at = now()
    lan.host(number).down()
    check_off(world, tag.node, at, AT_ONCE, "eth0 is down")
    at = now()
    lan.host(number).up()
    check_back(world, tag.node, at)
    tag = world.next_tag()
    number = host_of(lan, tag.node, "abc")
    at = now()
    lan.unplug(number)
    check_off(world, tag.node, at, CARRIER, "no carrier")
    at = now()
    lan.plug(number)
    check_back(world, tag.node, at)


# --- The network between them ------------------------------------------------------------------


@case(seconds=20)
def cut_host_udp(world: World) -> None:
    """The holder's host is cut off inside the switch: nothing tells it, so there is no link-down;
    it leads by itself beside the others, until it is heard again."""
    world.overlap_allowed = float("inf")  # two islands have a holder each
    lan = start_lan(world, "abc")
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    tag = world.next_tag()
    at = now()
    lan.cut(host_of(lan, tag.node, "abc"))
    world.await_event("tag", world.timing.rescue_max, after=at, but=tag.node)
    world.await_event(("tag", "renew"), 10 * world.timing.turn_max, after=tag["until"],
                      node=tag.node)
    lan.heal()
    check_one_rotation(world, nodes, now())
    check(not world.events("link-down"), "somebody says that its link is down")


@case(seconds=90)
def loss_udp(world: World) -> None:
    """One frame in a hundred is lost to each receiver, 80 cycles of five hosts: two are tagged for
    a cycle at most (I8)."""
    world.overlap_allowed = world.timing.cycle
    lan = start_lan(world, "abcde")
    lan.loss(1)
    nodes = world.group("abcde")
    world.await_all_tagged(nodes)
    turns = world.await_turns(80)
    both = list(referee.overlaps(nodes))
    longest = max((min(one.end, other.end) - other.start for one, other in both), default=0)
    stamps = [turn.mono for turn in turns]
    pause = max(later - earlier for earlier, later in zip(stamps, stamps[1:]))
    world.note(f"{lan.lost()} frames lost; {len(both)} times two tagged, {longest:.2f} s at most; "
               f"{pause:.2f} s at most from tag to tag")
    check(lan.lost() > 0, "nothing was lost")


def check_one_rotation(world: World, nodes: list[Node], healed: float) -> None:
    """I4: within 2 cycles + 2.5 gap all follow one head, and go on so."""
    timing = world.timing
    until = healed + 2 * timing.cycle + 2.5 * timing.gap + ALLOWANCE
    # By the time of the last one, all have told of the others.
    for turn in world.await_turns(2 * len(nodes) + 1, after=until)[:-1]:
        for node in nodes:
            told = [slot for slot in world.events("slot", turn.mono - timing.gap, node)
                    if slot.mono < turn.mono + timing.gap]
            check([slot["leader"] for slot in told] == [turn.node.name],
                  f"{turn.node.name} leads, and {node.name} says {[slot.data for slot in told]}")
    world.await_all_tagged(nodes, after=until)
    last = max((min(one.end, other.end) for one, other in referee.overlaps(nodes)), default=0)
    check(last < until, f"two are tagged {last - healed:.2f} s after the heal")
    world.note(f"two tagged until {max(0.0, last - healed):.2f} s after the heal")


def await_own_turns(world: World, side: list[Node], after: float) -> None:
    """More than a beacon has names (I4), so that it is not taken for one that was missed."""
    def turns() -> list[Event]:
        return [turn for node in side for turn in world.events(TURN, after, node)]
    world.wait("turns of one side", 12 * world.timing.turn_max, lambda: len(turns()) > 4)


@case(seconds=30)
def split_udp(world: World) -> None:
    """Two and three hosts are apart for five cycles: each side has its turns, and when they meet
    there is one rotation within 2 cycles + 2.5 gap, and both sides report it."""
    world.overlap_allowed = float("inf")  # two islands have a holder each
    lan = start_lan(world, "abcde")
    nodes = world.group("abcde")
    world.await_all_tagged(nodes)
    check(not list(referee.overlaps(nodes)), "two are tagged before the split")
    lan.split({1, 2}, {3, 4, 5})
    sides, apart = (nodes[:2], nodes[2:]), now()
    for side in sides:
        await_own_turns(world, side, apart)
    lan.heal()
    healed = now()
    check_one_rotation(world, nodes, healed)
    for side in sides:
        check(any(world.events("recover", healed, node) for node in side),
              f"none of {' '.join(node.name for node in side)} reports that the islands have met")
