# SPDX-License-Identifier: MIT
"""The list of cases: `@case` puts a function on it."""
import dataclasses
from typing import Callable

from world import World

Function = Callable[[World], None]


@dataclasses.dataclass(frozen=True)
class Case:
    """A case, and about how long it takes: the long ones are started first."""
    name: str
    function: Function
    seconds: float


CASES: list[Case] = []


def case(seconds: float) -> Callable[[Function], Function]:
    def add(function: Function) -> Function:
        CASES.append(Case(function.__name__, function, seconds))
        return function
    return add
