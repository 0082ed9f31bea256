# SPDX-License-Identifier: MIT
"""What a message must be like so that no Python node ends by it: the known types, with exactly
their keys in the order of the wire (only `vers` may have more), values of one kind, a history that
begins with its sender, and one `init` for each start."""
import collections
from typing import Any, Iterable, Sequence

from clock import check

KEYS = {
    "init": "node t",
    "vers": "node version cycle gap nodes splits n_hosts force_in nonce t",
    "ping": "node value history t",
    "hist": "value history t",
}
# What ours may add to `vers`, and Python nodes skip.
MORE = {"override", "ready", "left", "heir", "prefer", "never", "preempt", "away"}
NUMBERS = "version cycle gap nodes splits n_hosts".split()
CYCLE_MIN, GAP_MIN = 1, 0.1  # of a Python node, unless it is told to override that


def check_vers(message: dict[str, Any]) -> None:
    for key in NUMBERS:
        kind = type(message[key])
        check(kind in (int, float), f"{key} is no number: {message}")
    small = message["cycle"] < CYCLE_MIN or message["gap"] < GAP_MIN
    check(not small or message.get("override") is True, f"a Python node refuses this: {message}")
    check(message["cycle"] >= 3 * message["gap"], f"a Python node refuses this: {message}")


def check_history(message: dict[str, Any]) -> None:
    history = message["history"]
    check(isinstance(history, list) and history, f"no history: {message}")
    check(all(isinstance(name, str) for name in history), f"a name that is no text: {message}")
    check(len(set(history)) == len(history), f"a name twice: {message}")
    check(message["value"] is None or type(message["value"]) is int,
          f"a value of another kind: {message}")


def check_message(message: Any) -> None:
    """One that one of ours has sent, or might have."""
    check(isinstance(message, dict) and message.get("t") in KEYS, f"an unknown type: {message}")
    keys = [key for key in message if message["t"] != "vers" or key not in MORE]
    check(keys == KEYS[message["t"]].split(), f"other keys than a {message['t']} has: {message}")
    if message["t"] == "vers":
        check_vers(message)
    if "history" in message:
        check_history(message)
    if message["t"] == "ping":
        check(message["history"][0] == message["node"], f"not headed by its sender: {message}")


def check_all(messages: Iterable[Any], ours: Sequence[str]) -> None:
    """All messages of a run, decoded. A hist does not tell who sent it, so all are looked at."""
    starts: collections.Counter[str] = collections.Counter()
    seen: collections.Counter[str] = collections.Counter()
    for message in messages:
        check(isinstance(message, dict), f"no message: {message}")
        sender = message.get("node")
        if sender not in ours and message.get("t") != "hist":
            continue
        check_message(message)
        seen[message["t"]] += 1
        starts[sender] += message["t"] == "init"
    check(seen["ping"] > 0 and seen["vers"] > 0, f"the recorder has heard too little: {seen}")
    for name in ours:
        check(starts[name] == 1, f"{name} has said init {starts[name]} times")
