# SPDX-License-Identifier: MIT
"""What a case works with: a broker or a bus, nodes and taps on it, and waiting for what they do."""
import collections
import concurrent.futures
import contextlib
import dataclasses
import pathlib
import subprocess
import tempfile
import threading
from typing import Any, Callable, Optional, Sequence, Union

import referee
from clock import ALLOWANCE, Failure, check, deadline, now
from mqtt import Tap
from processes import ACTORD, LOG, Broker, Event, Node

TURN = ("tag", "renew")
TRACE_LINES = 40


@dataclasses.dataclass(frozen=True)
class Timing:
    """A cycle and a gap, and what follows from them."""
    cycle: float
    gap: float

    @property
    def options(self) -> list[str]:
        return ["--cycle", str(self.cycle), "--gap", str(self.gap)]

    @property
    def turn_max(self) -> float:
        """I2: from tag to tag; the latency is part of the allowance."""
        return self.cycle + 3.7 * self.gap + ALLOWANCE

    @property
    def rescue_max(self) -> float:
        """I2: to the next tag, after all on the ring died unannounced."""
        return 2 * self.cycle + 3.7 * self.gap + ALLOWANCE


NAMED = Timing(2.0, 0.3)  # of the figures that are promised
QUICK = Timing(1.0, 0.15)


class World:
    """Everything in it ends with it. Threads that read tell it of news, for those that wait."""

    def __init__(self, name: str, timing: Timing = QUICK) -> None:
        self.name = name
        self.timing = timing
        self.stack = contextlib.ExitStack()
        self.dir = pathlib.Path(self.stack.enter_context(
            tempfile.TemporaryDirectory(prefix=f"actord-{name[:12]}-")))
        self.dir.chmod(0o755)
        self.url = f"local:{self.dir}/bus"
        self.nodes: list[Node] = []
        self.places: dict[str, Sequence[str]] = {}  # commands to run nodes of these names under
        self.urls: dict[str, str] = {}  # where these meet, if not where all do
        self.broker: Optional[Broker] = None
        self.news = threading.Condition()
        self.trace: collections.deque[str] = collections.deque(maxlen=TRACE_LINES)
        self.notes: list[str] = []
        self.overlap_allowed = 0.0
        self.start = now()

    def close(self) -> None:
        self.stack.close()

    def inner(self) -> "World":
        """One for a group of its own, which ends with this one at the latest."""
        world = World(self.name, self.timing)
        world.start = self.start
        self.stack.callback(world.close)
        return world

    def note(self, fact: str) -> None:
        """A figure to be shown with the result."""
        self.notes.append(fact)

    # --- Making things ---

    def start_broker(self, *lines: str) -> Broker:
        """From then on nodes meet there."""
        self.broker = Broker(self.dir, *lines)
        self.stack.callback(self.broker.remove)
        self.broker.start()
        self.url = self.broker.url
        return self.broker

    def tap(self, *filters: str) -> Tap:
        tap = Tap(self.broker.port, filters or ["#"], self.changed)
        self.stack.callback(tap.close)
        return tap

    def node(self, name: str, *options: str, url: Optional[str] = None,
             groups: Sequence[str] = ("g",), prefix: Sequence[str] = (), **how: Any) -> Node:
        """Starts an actord; `how` is for Node, `prefix` a command to run it under."""
        prefix = [*self.places.get(name, ()), *prefix]
        seats = [option for group in groups for option in ("-g", group)]
        command = [*prefix, str(ACTORD), "-n", name, *seats,
                   "-t", url or self.urls.get(name, self.url), "--events", "--log", LOG,
                   *self.timing.options, *options]
        return self.spawn(name, command, **how)

    def spawn(self, name: str, command: Sequence[str], **how: Any) -> Node:
        """Any program that prints events as actord does."""
        node = Node(name, command, self.told, **how)
        self.nodes.append(node)
        self.stack.callback(node.remove)
        return node

    def group(self, names: str, *options: str, **how: Any) -> list[Node]:
        """Nodes of one letter each, the later ones with the higher values."""
        return [self.node(name, "--value", str(10 * value), *options, **how)
                for value, name in enumerate(names)]

    @staticmethod
    def run(*arguments: str) -> subprocess.CompletedProcess:
        """An actord that is to end by itself."""
        try:
            return subprocess.run([ACTORD, *arguments], stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True, timeout=deadline(5), check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"actord {' '.join(arguments)} does not end by itself") from None

    # --- Waiting ---

    def told(self, node: Node, line: str) -> None:
        self.trace.append(f"{now() - self.start:8.3f} {node.name}: {line}")
        self.changed()

    def changed(self) -> None:
        with self.news:
            self.news.notify_all()

    def wait(self, what: str, seconds: float, condition: Callable[[], Any]) -> Any:
        """Until the condition holds; returns what it returned. Nobody may end meanwhile."""
        end = now() + deadline(seconds)
        while True:
            result = condition()
            if result:
                return result
            self.check_alive()
            left = end - now()
            if left <= 0:
                raise Failure(f"no {what} within {deadline(seconds):.1f} s")
            with self.news:
                self.news.wait(min(left, 0.05))

    def check_alive(self) -> None:
        for process in (*self.nodes, self.broker):
            if process is not None and not process.may_end and process.process.poll() is not None:
                raise Failure(f"{process.name} has ended by itself, with status "
                              f"{process.process.returncode}")

    def events(self, kind: Union[str, Sequence[str]], after: float = 0.0,
               node: Optional[Node] = None, group: Optional[str] = None) -> list[Event]:
        """Those so far, in the order of time."""
        kinds = (kind,) if isinstance(kind, str) else kind
        nodes = [node] if node is not None else self.nodes
        found = [event for one in nodes for event in list(one.events)
                 if event.kind in kinds and event.mono > after and group in (None, event.group)]
        return sorted(found, key=lambda event: event.mono)

    def await_event(self, kind: Union[str, Sequence[str]], seconds: float, after: float = 0.0,
                    node: Optional[Node] = None, but: Optional[Node] = None) -> Event:
        """The first one after that time: of that node, or not of that node."""
        who = f" of {node.name}" if node else f" but of {but.name}" if but else ""
        return self.wait(f"{kind}{who}", seconds, lambda: next(
            (event for event in self.events(kind, after, node) if event.node is not but), None))

    def next_tag(self) -> Event:
        """One that comes from now on."""
        return self.await_event("tag", self.timing.rescue_max, after=now())

    def await_turns(self, count: int, after: float = 0.0) -> list[Event]:
        """So many tags and renewals after that time."""
        def enough() -> list[Event]:
            turns = self.events(TURN, after)
            return turns if len(turns) >= count else []
        return self.wait(f"{count} turns", (count + 2) * self.timing.turn_max, enough)[:count]

    def await_all_tagged(self, nodes: Sequence[Node], after: float = 0.0) -> None:
        """Until each of them has had a turn; 12 slots are promised to five."""
        self.wait(f"turn of each of {' '.join(node.name for node in nodes)}",
                  20 * self.timing.turn_max,
                  lambda: all(self.events(TURN, after, node) for node in nodes))

    # --- What must hold ---

    def check_uncut(self, ends: Sequence[Event]) -> None:
        """These turns ended at their time, or with their node. (A process that a busy machine lets
        wait for more than the slack says suspend, but not before that time.)"""
        for end in ends:
            reasons = ("end", "stop")
            until = [event["until"] for event in self.events(("tag", "renew"), node=end.node)
                     if event.mono < end.mono and event.group == end.group]
            if until and end.mono >= until[-1]:
                reasons += ("suspend",)
            check(end.kind == "untag" and end["reason"] in reasons, f"a turn was cut: {end.data}")

    def check_undisturbed(self, nodes: Sequence[Node], after: float, before: float) -> None:
        """No tag of these ended but by itself at its time, and the turns went on (I2)."""
        self.check_uncut([event for node in nodes
                          for event in self.events(("untag", "detag"), after, node)
                          if event.mono < before])
        for term in referee.terms(nodes):
            if after < term.start and term.end < before and term.how == "end":
                check(term.until - ALLOWANCE < term.end, f"{term} ended before {term.until:.3f}")
        self.check_turns(after, before)

    def check_turns(self, after: float, before: float) -> None:
        """I2: from tag to tag."""
        stamps = [event.mono for event in self.events(TURN, after) if event.mono < before]
        check(len(stamps) > 1, "no turns were seen there")
        longest = max(later - earlier for earlier, later in zip(stamps, stamps[1:]))
        check(longest <= self.timing.turn_max,
              f"{longest:.3f} s from tag to tag; allowed are {self.timing.turn_max:.3f}")


def judge(world: World, case: Callable[[World], None]) -> None:
    """Runs a case, and judges what its nodes did beside it."""
    try:
        case(world)
        world.check_alive()
        referee.check_all(world.nodes, world.overlap_allowed)
    finally:
        world.close()


def side_by_side(world: World, count: int, part: Callable[[World], None]) -> None:
    """The same in so many worlds at once, each judged by itself; one that fails speaks for all."""
    worlds = [world.inner() for _ in range(count)]
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        judged = [pool.submit(judge, inner, part) for inner in worlds]
    for inner, one in zip(worlds, judged):
        if one.exception() is not None:
            world.trace = inner.trace
            one.result()
