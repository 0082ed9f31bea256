# SPDX-License-Identifier: MIT
"""What nodes of one kind do in a group of their own, in figures: how they start, take turns and
bear accidents, and what they cost."""
import collections
import dataclasses
import functools
import itertools
import os
import pathlib
from typing import Callable, Iterable, NamedTuple, Optional, Sequence

import referee
from clock import now
from mixed import Mixed, python_ring, ring
from processes import Event, Node
from referee import Term
from world import TURN, Timing, World


# --- What a process costs ----------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """utime and stime, in ticks of a hundredth of a second."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, key: str) -> float:
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


# --- Turns -------------------------------------------------------------------------------------


@dataclasses.dataclass
class Slots:
    """As an onlooker counts them, by beacons alone: all others of one slot come long before the
    next (src/sim/slots.c)."""
    count: int = 0
    collided: int = 0

    @classmethod
    def of(cls, beacons: Sequence[float], timing: Timing) -> "Slots":
        slots, begun, alone = cls(), float("-inf"), True
        for at in beacons:
            if at - begun >= timing.cycle - 2 * timing.gap:
                slots.count, begun, alone = slots.count + 1, at, True
            elif alone:
                slots.collided, alone = slots.collided + 1, False
        return slots


def shares(terms: Iterable[Term], begin: float, end: float) -> list[float]:
    """Of that time: how much of it nobody was tagged, one was, and two or more were."""
    steps = [(begin, 0), (end, 0)]
    for term in terms:
        if term.start < end and begin < term.end:
            steps += [(max(term.start, begin), 1), (min(term.end, end), -1)]
    times, tagged = [0.0, 0.0, 0.0], 0
    for (at, step), (later, _) in itertools.pairwise(sorted(steps)):
        tagged += step
        times[min(tagged, 2)] += later - at
    return [time / (end - begin) for time in times]


@dataclasses.dataclass
class Steady:
    """A group that was left in peace: all but the costs from its first turn to its last one."""
    slots: Slots
    beacons: int
    shares: list[float]
    turns: list[int]      # of each node
    cpu: list[float]      # of each node, s per 100 cycles
    rss: list[float]      # of each node, MB
    pss: list[float]


@dataclasses.dataclass
class Start:
    from_process: float  # s to the first tag, from when the first process was started
    from_message: float  # and from the first message of the group


@dataclasses.dataclass
class Loss:
    """The holder was killed, and started again."""
    heir_after: float  # s from the one to the next tag
    back_after: float  # and from the other to a tag of its own
    cut: int           # turns that ended too early from the start to that tag


@dataclasses.dataclass
class Fate:
    """How a group has taken an accident: how many processes live, and when one of these led again;
    None when nobody is there to lead."""
    living: int
    led_after: Optional[float]


# --- A group -----------------------------------------------------------------------------------


class Kind(NamedTuple):
    """How a node of this kind is started, and told how many there are."""
    start: Callable[..., Node]
    ring: Callable[[int], list[str]]


PYTHON_NODE = Kind(Mixed.python, python_ring)
ACTORD_NODE = Kind(Mixed.actord, ring)


class Group:
    """Nodes of one kind on the broker of the world."""

    def __init__(self, world: World, name: str, kind: Kind, count: int) -> None:
        self.world, self.name = world, name
        self.mixed = Mixed(world, group=name)
        self.start_node, self.options = functools.partial(kind.start, self.mixed), kind.ring(count)
        self.names = [f"{name}{i}" for i in range(count)]
        self.nodes: dict[str, Node] = {}
        self.began = 0.0  # the last cold start

    # --- Its processes ---

    def start(self, names: Iterable[str]) -> None:
        for name in names:
            self.nodes[name] = self.start_node(name, 0, *self.options)

    def kill(self) -> None:
        for node in self.living:
            node.kill()

    @property
    def living(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.process.poll() is None]

    def brace(self) -> None:
        """Its processes may end by what comes now."""
        for node in self.living:
            node.may_end = True

    def restore(self) -> None:
        """Starts those again that have ended; waits until all are back."""
        began = now()
        for node in self.living:
            node.may_end = False
        self.start([node.name for node in self.nodes.values() if node.may_end])
        self.await_all_led(began)

    # --- Waiting for it ---

    @property
    def entries_max(self) -> float:
        """How long until all are on the ring. Of n Python nodes with k outside, and so k places
        free, each enters by chance, once in n * k slots: so one does in n slots, whatever k is."""
        return (len(self.names) + 5) * len(self.names) * self.world.timing.turn_max

    def turns(self, after: float) -> list[Event]:
        return self.world.events(TURN, after, group=self.name)

    def await_turn(self, after: float, but: Optional[Node] = None) -> Event:
        """The first one after that time."""
        def found() -> Optional[Event]:
            return next((turn for turn in self.turns(after) if turn.node is not but), None)
        return self.world.wait(f"tag in the group {self.name}", 10 * self.world.timing.turn_max,
                               found)

    def await_all_led(self, after: float) -> float:
        """Returns how long after that time each of the living had led."""
        def first_turns() -> list[float]:
            turns = [self.world.events(TURN, after, node)[:1] for node in self.living]
            return [turn[0].mono for turn in turns] if all(turns) else []
        what = f"turn of each of the group {self.name}"
        return max(self.world.wait(what, self.entries_max, first_turns)) - after

    # --- Measuring it ---

    def cold_start(self) -> Start:
        """All at once, when none was there."""
        self.kill()
        self.began = now()
        self.start(self.names)
        tag = self.await_turn(self.began)
        first = self.mixed.tap.on(self.mixed.topic, self.began)[0]
        return Start(tag.mono - self.began, tag.mono - first.at)

    def cpu(self) -> list[float]:
        return [cpu_seconds(node.process.pid) for node in self.nodes.values()]

    def steady(self, after: float, cpu: Sequence[float]) -> Steady:
        """Until now; `cpu` is what its nodes had used at the beginning."""
        cycles = (now() - after) / self.world.timing.cycle
        nodes = list(self.nodes.values())
        used = [cpu_seconds(node.process.pid) - before for node, before in zip(nodes, cpu)]
        turns = self.turns(after)
        begin, end = turns[0].mono, turns[-1].mono
        count = collections.Counter(turn.node.name for turn in turns[:-1])
        pings = self.mixed.tap.pings(self.mixed.topic, begin)
        beacons = [ping.at for ping in pings if ping.at < end]
        return Steady(Slots.of(beacons, self.world.timing), len(beacons),
                      shares(referee.terms(nodes), begin, end),
                      [count[name] for name in self.names],
                      [100 * seconds / cycles for seconds in used],
                      [memory_mb(node.process.pid, "Rss") for node in nodes],
                      [memory_mb(node.process.pid, "Pss") for node in nodes])

    def lose_holder(self) -> Loss:
        """Kills a holder right after its tag, and starts it again once another is tagged."""
        holder = self.await_turn(now()).node
        killed = holder.kill()
        heir = self.await_turn(killed, but=holder)
        began = now()
        self.start([holder.name])
        back = self.world.await_event(TURN, self.entries_max, began, self.nodes[holder.name])
        return Loss(heir.mono - killed, back.mono - began, self.count_cut(began, back.mono))

    def count_cut(self, after: float, before: float) -> int:
        """Tags that did not last until their own end."""
        ends = self.world.events(("untag", "detag"), after, group=self.name)
        return sum(end.mono < before and (end.kind == "detag" or end["reason"] == "handover")
                   for end in ends)

    def fate(self, since: float) -> Fate:
        """After an accident: once each process has ended, or led again."""
        self.world.wait(f"end or new turn of each of the group {self.name}", self.entries_max,
                        lambda: all(node.process.poll() is not None or
                                    self.world.events(TURN, since, node)
                                    for node in self.nodes.values()))
        living = self.living
        turns = [turn.mono for turn in self.turns(since) if turn.node in living]
        return Fate(len(living), turns[0] - since if turns else None)
