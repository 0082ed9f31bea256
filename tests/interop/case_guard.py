# SPDX-License-Identifier: MIT
"""That the guard of what we send would find what it is there for."""
from typing import Any

import guard
from cases import case
from clock import Failure, check
from world import World

PING = {"node": "c", "value": 0, "history": ["c", "p"], "t": "ping"}
HIST = {"value": 0, "history": ["c", "p"], "t": "hist"}
INIT = {"node": "c", "t": "init"}
VERS = {"node": "c", "version": 0, "cycle": 1.0, "gap": 0.15, "nodes": 5, "splits": 4,
        "n_hosts": 10, "force_in": False, "nonce": 7, "t": "vers"}
GOOD: list[Any] = [INIT, VERS, PING, HIST, {**PING, "value": None},
                   {**VERS, "cycle": 0.5, "override": True}, {**VERS, "ready": False},
                   {**VERS, "ready": False, "left": True}, {**VERS, "heir": "p"}]
BAD: list[Any] = [
    5, {"t": "pong"}, {"nonce": 7, **INIT}, {"until": 3, **PING}, {"node": "c", **HIST},
    {"t": "ping", "node": "c", "value": 0, "history": ["c"]}, {**PING, "value": "high"},
    {**PING, "value": True}, {**PING, "history": []}, {**PING, "history": ["p", "c"]},
    {**PING, "history": ["c", "p", "c"]}, {**PING, "history": ["c", 5]}, {**VERS, "cycle": 0.5},
    {**VERS, "gap": 0.05}, {**VERS, "gap": 0.4}, {**VERS, "version": "0"}, {"more": 1, **VERS},
    {"left": True, **PING}, {"heir": "p", **HIST}, {"incarnation": 7, **INIT},
]


def is_refused(message: Any) -> bool:
    try:
        guard.check_message(message)
    except Failure:
        return True
    return False


def ends_badly(*messages: Any) -> bool:
    try:
        guard.check_all(messages, ["c"])
    except Failure:
        return True
    return False


@case(seconds=1)
def guard_finds_what_ends_python_nodes(world: World) -> None:
    """Messages that would end a Python node are refused, and all that ours say are not."""
    del world
    for message in GOOD:
        in_order = {key: message[key] for key in message if key != "t"} | {"t": message["t"]}
        check(not is_refused(in_order), f"the guard refuses {message}")
    for message in BAD:
        check(is_refused(message), f"the guard does not mind {message}")
    check(not ends_badly(INIT, VERS, PING), "the guard refuses a run that is as it should be")
    check(ends_badly(INIT, VERS, PING, INIT), "the guard does not mind a second init")
    check(ends_badly(VERS, PING), "the guard does not miss the init")
    check(ends_badly(INIT), "the guard does not mind a recorder that heard nothing")
    check(not ends_badly(INIT, VERS, PING, {**PING, "node": "p", "more": 1}),
          "the guard minds what a Python node says")
