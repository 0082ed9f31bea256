# SPDX-License-Identifier: MIT
"""Who held the tag from when to when, by the `mono` stamps of the events, and what must hold of it
whatever else a case is about (PROTOCOL.md, I1 and I5; actord(8), events)."""
import dataclasses
import re
from typing import Iterable, Iterator

from clock import check
from processes import Event, Node

# What each event carries beside event, group, node, time and mono.
KEYS = {
    "link-up": "url",
    "link-down": "url reason",
    "setup": "version cycle gap nodes splits n_hosts force_in by",
    "tag": "value slot until",
    "renew": "slot until",
    "untag": "slot reason",
    "detag": "slot by",
    "ping": "leader value",
    "good-node": "nodes",
    "recover": "prio replace local remote",
    "slot": "slot leader ring full members",
    "join": "member reason",
    "leave": "member reason",
    "settled": "index total view members",
    "roster": "view settled members",
}
REASONS = {
    "untag": "end handover disabled lease suspend link stop".split(),
    "join": "new returned".split(),
    "leave": "left lost expired".split(),
}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclasses.dataclass
class Term:
    """A node's time with the tag: until its own end, or what it promised if that was earlier."""
    node: Node
    group: str
    start: float
    until: float
    end: float = float("inf")
    how: str = ""

    def __str__(self) -> str:
        return f"{self.node.name} ({self.start:.3f} to {self.end:.3f})"


def fenced_at(term: Term) -> float:
    """When a holder that was frozen would have given up, by its lease: it was not proven since."""
    return min((at + term.node.lease for at in term.node.freezes if at > term.start),
               default=term.until)


def terms_of(node: Node, group: str) -> Iterator[Term]:
    """I5: a tag is followed by exactly one of untag or detag before the next tag."""
    term = None
    for event in list(node.events):
        if event.group != group:
            continue
        if event.kind == "tag":
            check(term is None, f"{node.name} reports a tag while it holds one (I5)")
            term = Term(node, group, event.mono, event["until"])
        elif event.kind in ("untag", "detag", "renew"):
            check(term is not None, f"{node.name} reports {event.kind} without a tag (I5)")
            if event.kind == "renew":
                term.until = event["until"]
                continue
            term.end, term.how = min(event.mono, term.until), event["reason"] or event.kind
            if term.how in ("suspend", "lease"):
                term.end = min(term.end, fenced_at(term))
            yield term
            term = None
    if term is not None:
        term.end = min(term.until, node.ended_at or term.until)
        yield term


def terms(nodes: Iterable[Node]) -> list[Term]:
    """All of them in all groups, in the order of time."""
    nodes = list(nodes)
    groups = {(node, event.group) for node in nodes for event in list(node.events)}
    return sorted((term for node, group in groups for term in terms_of(node, group)),
                  key=lambda term: term.start)


def overlaps(nodes: Iterable[Node], after: float = 0.0) -> Iterator[tuple[Term, Term]]:
    """Pairs of one group that began after that time and were tagged at once."""
    last: dict[str, Term] = {}
    for term in terms(nodes):
        if term.start < after:
            continue
        before = last.get(term.group)
        if before is not None and min(before.end, term.end) > term.start:
            yield before, term
        if before is None or term.end > before.end:
            last[term.group] = term


def check_one_holder(nodes: Iterable[Node], allowed: float) -> None:
    """I1: never two tagged at once; I8 allows an overlap where latency exceeds the gap."""
    for before, term in overlaps(nodes):
        overlap = min(before.end, term.end) - term.start
        check(overlap <= allowed, f"two are tagged for {overlap * 1000:.1f} ms: {before} and {term}")


def check_members(node: Node, group: str) -> None:
    """H9: who is told to join was not there, and who is told to leave was."""
    here: dict[str, bool] = {}  # those that ever were
    for event in list(node.events):
        if event.group == group and event.kind in ("join", "leave"):
            member, joins = event["member"], event.kind == "join"
            check(here.get(member, False) != joins, f"not so before: {event.data}")
            check(not joins or (event["reason"] == "new") == (member not in here),
                  f"the wrong reason: {event.data}")
            here[member] = joins


def check_shape(event: Event) -> None:
    """What programs that read events rely on."""
    check(event.kind != "no event", f"{event.node.name} prints what is no event: {event.data}")
    check(event["node"] == event.node.name, f"an event of another node's name: {event.data}")
    check(RFC_3339.fullmatch(str(event["time"])), f"not RFC 3339 to the millisecond: {event.data}")
    missing = [key for key in KEYS.get(event.kind, "").split() if key not in event.data]
    check(not missing, f"an event without {' '.join(missing)}: {event.data}")
    if event.kind in REASONS:
        check(event["reason"] in REASONS[event.kind], f"an unknown reason: {event.data}")


def check_all(nodes: Iterable[Node], allowed: float) -> None:
    """At the end of every case."""
    nodes = list(nodes)
    for node in nodes:
        for event in list(node.events):
            check_shape(event)
        for group in {event.group for event in list(node.events)}:
            check_members(node, group)
    check_one_holder(nodes, allowed)
