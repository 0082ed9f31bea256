# SPDX-License-Identifier: MIT
"""Runs the cases of a directory, side by side, and counts."""
import argparse
import concurrent.futures
import importlib
import os
import pathlib
import re
import signal
import sys
import threading
import traceback
from typing import NoReturn, Sequence

from cases import CASES, Case
from clock import Failure, Skip, now
from processes import ACTORD
from world import World, judge


class Runner:
    """Runs cases side by side, since they mostly wait, and counts."""

    def __init__(self) -> None:
        self.printing = threading.Lock()
        self.worlds: set[World] = set()
        self.passed = self.failed = self.skipped = 0

    def say(self, *lines: str) -> None:
        with self.printing:
            print(*lines, sep="\n", flush=True)

    def run(self, case: Case) -> None:
        world, start = World(case.name), now()
        self.worlds.add(world)
        try:
            judge(world, case.function)
            notes = "".join(f"; {note}" for note in world.notes)
            self.passed += 1
            self.say(f"ok {case.name} ({now() - start:.1f} s{notes})")
        except Skip as why:
            self.skipped += 1
            self.say(f"skip {case.name}: {why}")
        except Failure as why:
            self.fail(case, world, str(why))
        except Exception:
            self.fail(case, world, traceback.format_exc())
        finally:
            self.worlds.discard(world)

    def fail(self, case: Case, world: World, why: str) -> None:
        self.failed += 1
        self.say(f"not ok {case.name}", *(f"    {line}" for line in (
            *why.splitlines(), *world.notes, "the last lines were:", *world.trace)))

    def run_all(self, cases: Sequence[Case], jobs: int) -> None:
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for case in sorted(cases, key=lambda case: -case.seconds):
                pool.submit(self.run, case)

    def stop(self, *_: object) -> NoReturn:
        """By a signal: nothing that was started stays behind."""
        for world in list(self.worlds):
            world.close()
        sys.stdout.flush()
        os._exit(130)


def load(directory: pathlib.Path) -> None:
    """Its case_*.py put themselves on the list."""
    for path in sorted(directory.glob("case_*.py")):
        importlib.import_module(path.stem)


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="PATTERN", default="", help="only cases whose name matches")
    parser.add_argument("-j", metavar="N", type=int, default=3, help="so many at a time (3)")
    parser.add_argument("--repeat", metavar="N", type=int, default=1, help="each so many times")
    parser.add_argument("--list", action="store_true", help="only tell what there is")
    return parser.parse_args()


def main(directory: pathlib.Path, description: str) -> int:
    """`description` is for --help. The directory is on the path of modules."""
    load(directory)
    options = arguments(description)
    cases = [case for case in CASES if re.search(options.k, case.name)]
    if options.list:
        for case in cases:
            print(f"{case.name}: {' '.join(case.function.__doc__.split())}")
        return 0
    if not ACTORD.exists():
        print(f"there is no {ACTORD}; ./bootstrap makes it", file=sys.stderr)
        return 2
    runner = Runner()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, runner.stop)
    runner.run_all(cases * options.repeat, options.j)
    skipped = f", {runner.skipped} skipped" if runner.skipped else ""
    print(f"{runner.passed} passed, {runner.failed} failed{skipped}")
    return 1 if runner.failed or not cases else 0
