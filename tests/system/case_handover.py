# SPDX-License-Identifier: MIT
"""Who takes over, and how soon, when a holder dies, leaves, freezes, or is cut off from its broker
(PROTOCOL.md H1 to H6). Each kind is tried TRIALS times, in groups of five that live side by side."""
import os
import statistics
from typing import Callable, Optional, Sequence

import referee
from cases import case
from clock import check, now, wait_until
from processes import Event, Node
from proxy import Proxy
from world import NAMED, TURN, Timing, World, side_by_side

TRIALS = int(os.environ.get("TRIALS", "6"))
GROUPS = 3  # that share them
FIVE = "abcde"


def trials_of_one() -> range:
    return range(-(-TRIALS // GROUPS))


# --- A holder that ends ------------------------------------------------------------------------


def kill(tag: Event, number: int) -> float:
    """Just after its tag."""
    del number
    return tag.node.kill()


def terminate(tag: Event, number: int) -> float:
    """Sooner or later, but early enough for a hand-over."""
    wait_until(tag.mono + (0.1, 0.4, 0.7)[number % 3])
    return tag.node.terminate()


def follow_up(world: World, holder: Node, at: float) -> float:
    """How long after that time the next one is tagged; the holder is back in the group by then."""
    heir = world.await_event("tag", world.timing.rescue_max, after=at, but=holder)
    holder.wait(2)
    back = world.node(holder.name)
    world.await_event("slot", 5 * world.timing.turn_max, node=back)
    return heir.mono - at


def check_left_alone(world: World) -> None:
    """No turn of another was cut, and they went on."""
    world.check_uncut(world.events(("untag", "detag")))
    turns = world.events(TURN)
    world.check_turns(turns[0].mono - 0.001, turns[-1].mono)


def hand_over(world: World, end: Callable[[Event, int], float]) -> list[float]:
    """How long each took, from the holder's end to the next tag."""
    took: list[float] = []

    def one_group(inner: World) -> None:
        inner.start_broker()
        inner.await_all_tagged(inner.group(FIVE))
        for number in trials_of_one():
            tag = inner.next_tag()
            took.append(follow_up(inner, tag.node, end(tag, number)))
        check_left_alone(inner)

    side_by_side(world, GROUPS, one_group)
    return took


def check_times(world: World, took: Sequence[float], median_max: float, longest_max: float) -> None:
    """These bounds are given in gaps."""
    gap = world.timing.gap
    median, longest = statistics.median(took), max(took)
    world.note(f"next tag after {median / gap:.2f} gap, at most {longest / gap:.2f}, of {len(took)}")
    check(median <= median_max * gap, f"{median:.3f} s is more than {median_max} gap")
    check(longest <= longest_max * gap, f"{longest:.3f} s is more than {longest_max} gap")


@case(seconds=20)
def handover_killed(world: World) -> None:
    """Holder killed with -9 just after its tag: the next tag within 1.3 gap, at most 2.2."""
    world.timing = NAMED
    check_times(world, hand_over(world, kill), 1.3, 2.2)


@case(seconds=20)
def handover_ended(world: World) -> None:
    """Holder ended with SIGTERM: the next tag within 1.1 gap, and never two tagged."""
    world.timing = NAMED
    check_times(world, hand_over(world, terminate), 1.1, 2.2)


@case(seconds=30)
def handover_default(world: World) -> None:
    """With the default cycle and gap: less than 2 s after a kill."""
    world.timing = Timing(10.0, 1.5)
    took: list[float] = []

    def one_group(inner: World) -> None:
        inner.start_broker()
        inner.group(FIVE)
        tag = inner.await_turns(3)[-1]
        took.append(follow_up(inner, tag.node, tag.node.kill()))

    side_by_side(world, max(1, TRIALS // 4), one_group)
    world.note(f"next tag after {statistics.median(took):.2f} s, at most {max(took):.2f}, "
               f"of {len(took)}")
    check(max(took) < 2, f"{max(took):.3f} s until the next tag")


@case(seconds=12)
def takeover_by_slot(world: World) -> None:
    """takeover = slot: a killed holder's turn is waited for to its end."""
    world.start_broker()
    world.await_all_tagged(world.group("abc", "--takeover", "slot"))
    tag = world.next_tag()
    tag.node.kill()
    heir = world.await_event("tag", world.timing.rescue_max, after=tag.mono)
    begun = tag.mono - world.timing.gap
    check(heir.mono - begun >= world.timing.cycle - 0.01,
          f"the next tag came {heir.mono - begun:.3f} s after the last beacon")


# --- A holder that falls silent ----------------------------------------------------------------

SLOW = Timing(30.0, 0.3)  # a broker needs some seconds to miss somebody
KEEPALIVE = 1.0
MISSED_MAX = 1.5 * 2 + 7  # the broker's is 2 s at least, and mosquitto looks every 5 s


class Group:
    """Five nodes, each behind a network of its own."""

    def __init__(self, world: World, *options: str) -> None:
        self.world = world
        self.proxies: dict[Node, Proxy] = {}
        world.start_broker()
        for name in FIVE:
            proxy = Proxy(world.broker.port)
            world.stack.callback(proxy.close)
            node = world.node(name, "--keepalive", str(KEEPALIVE), *options, url=proxy.url)
            node.lease = KEEPALIVE
            self.proxies[node] = proxy
        world.await_event("tag", 5)

    def agreed(self) -> Optional[Event]:
        """The last tag, when all know of it."""
        tag = self.world.events("tag")[-1]
        slots = [self.world.events("slot", node=node)[-1:] for node in self.proxies]
        known = all(slot and slot[0]["leader"] == tag.node.name for slot in slots)
        return tag if known else None

    def await_told(self, kind: str, member: Node, reason: str, after: float) -> float:
        """Join or leave, and nothing else of that kind, by all others. Returns when all had it."""
        events = [self.world.await_event(kind, MISSED_MAX, after, node)
                  for node in self.proxies if node is not member]
        for event in events:
            check((event["member"], event["reason"]) == (member.name, reason),
                  f"{member.name} is {reason}, but there is: {event.data}")
        return max(event.mono for event in events)

    def freeze(self, node: Node) -> float:
        return node.freeze()

    def thaw(self, node: Node) -> None:
        node.thaw()

    def cut(self, node: Node) -> float:
        at = now()
        self.proxies[node].cut()
        return at

    def heal(self, node: Node) -> None:
        self.proxies[node].heal()

    def reset(self, node: Node) -> float:
        at = now()
        self.proxies[node].reset_broker_side()
        return at

    def leave_alone(self, node: Node) -> None:
        """Its client finds out by itself."""


Silence = Callable[[Group, Node], float]  # begins it, and returns when
Wake = Callable[[Group, Node], None]


def follow_silent(group: Group, silence: Silence, wake: Wake) -> float:
    """How long the old holder has been untagged, by its own clock, when the next one is tagged."""
    world = group.world
    tag = world.wait("holder that all know of", 10, group.agreed)
    at = silence(group, tag.node)
    heir = world.await_event("tag", MISSED_MAX + 3, after=at, but=tag.node)
    took = group.await_told("leave", tag.node, "lost", at) - at
    check(took <= MISSED_MAX, f"only after {took:.2f} s it was missed")
    wake(group, tag.node)
    # It leads until then, and tells who is there; or it was stopped in the midst of that.
    first = world.wait("event of the old holder", 3, lambda: next(
        (event for event in tag.node.events if event.mono > at and event.kind != "roster"), None))
    check(first.kind == "untag" and first["reason"] in ("lease", "suspend"),
          f"it should report the end of its tag first, not {first.data}")
    group.await_told("join", tag.node, "returned", at)
    term = next(term for term in referee.terms([tag.node]) if term.start == tag.mono)
    return heir.mono - term.end


def follow_all(world: World, silence: Silence, wake: Wake, *options: str,
               overlap: float = 0.0) -> list[float]:
    world.timing = SLOW
    margins: list[float] = []

    def one_group(inner: World) -> None:
        inner.overlap_allowed = overlap
        group = Group(inner, *options)
        for _ in trials_of_one():
            margins.append(follow_silent(group, silence, wake))

    side_by_side(world, GROUPS, one_group)
    world.note(f"untagged {min(margins):.2f} to {max(margins):.2f} s before the next tag, "
               f"of {len(margins)}")
    return margins


@case(seconds=25)
def handover_frozen(world: World) -> None:
    """Holder frozen with SIGSTOP: all say that it is lost, it has untagged before the next one is
    tagged, at the latest by its lease, and says so before anything else when it wakes."""
    margins = follow_all(world, Group.freeze, Group.thaw)
    check(min(margins) > 0, f"two were tagged for {-min(margins):.3f} s")


@case(seconds=25)
def handover_cut(world: World) -> None:
    """Holder cut off from the broker, and no side told: the same, by its own clock."""
    margins = follow_all(world, Group.cut, Group.heal)
    check(min(margins) > 0, f"two were tagged for {-min(margins):.3f} s")


@case(seconds=15)
def handover_half_reset(world: World) -> None:
    """The broker's side of the holder's connection alone is reset, so that the will comes while the
    client still believes: with takeover = after-lease it has untagged before all the same."""
    margins = follow_all(world, Group.reset, Group.leave_alone, "--takeover", "after-lease")
    check(min(margins) > 0, f"two were tagged for {-min(margins):.3f} s")


@case(seconds=15)
def handover_half_reset_at_once(world: World) -> None:
    """The same with at-once is the one exception to L1: two are tagged, for a keepalive at most."""
    margins = follow_all(world, Group.reset, Group.leave_alone, overlap=KEEPALIVE)
    check(min(margins) < 0, "nobody was tagged too early, so the case before this shows nothing")
