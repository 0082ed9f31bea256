# SPDX-License-Identifier: MIT
"""The clock that events are stamped with, how long to wait for something, and what failing is."""
import os
import time

# How much slower than an idle machine this one may be: it stretches what is waited for, and never
# what is asserted.
FACTOR = float(os.environ.get("FACTOR", "3"))

# What is asserted to the formula has this added where a stamp is taken by a process that had to be
# scheduled first, on two cores that are busy.
ALLOWANCE = 0.1


class Failure(Exception):
    """A case has failed; its text says why."""


class Skip(Exception):
    """A case cannot or should not run here; its text says why."""


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def deadline(seconds: float) -> float:
    """How long to wait for what should take so long at most."""
    return seconds * FACTOR


def wait_until(moment: float) -> None:
    """For scenarios that take place at a moment of a slot."""
    while (left := moment - now()) > 0:
        time.sleep(left)


def check(holds: object, why: str) -> None:
    if not holds:
        raise Failure(why)
