# SPDX-License-Identifier: MIT
"""One real node of the Python package asyncactor, as a process. It is run by the python of the
virtual environment that `venv` makes.

What its Actor reports is printed as actord prints its own events: one JSON object a line. Standard
input takes commands, each an object with one key, the method of the Actor, and its argument:
{"set_value": 5}, {"enable": null}, {"disable": 0}, {"update_config": {"version": 2, "cycle": 2}}.
The node ends with status 0 by SIGTERM or SIGINT, and with 1 when its Actor does; the error is then
the last line on standard error."""
import argparse
import asyncio
import datetime
import importlib
import json
import logging
import os
import signal
import stat
import sys
import time
import traceback
from typing import Any, AsyncIterator, Callable, Iterator

import anyio
import asyncactor
from asyncactor.abc import Transport

sys.dont_write_bytecode = True  # of what is imported from the tree

HOST = "127.0.0.1"
LATE = 0.01  # an untag that much before the end of its tag was not made by the clock

log = logging.getLogger("node")


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


# --- The node ----------------------------------------------------------------------------------


class Node:
    """An Actor whose events are printed, and that obeys."""

    def __init__(self, carrier: Transport, options: argparse.Namespace) -> None:
        self.name, self.group = options.name, options.group
        self.value = options.value
        self.until = 0.0
        self.disabled = False
        config = {"version": options.config_version, "cycle": options.cycle, "gap": options.gap,
                  "nodes": options.nodes, **options.config}
        self.actor = asyncactor.Actor(carrier, self.name, config)

    async def live(self) -> None:
        await self.set_value(self.value)
        async with self.actor, anyio.create_task_group() as tasks:
            tasks.start_soon(end_by_signal, tasks.cancel_scope)
            tasks.start_soon(self.obey)
            async for event in self.actor:
                self.tell(event)
            raise RuntimeError("the Actor has ended without a word")

    # --- Events ---

    def say(self, kind: str, **details: Any) -> None:
        stamp = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        event = {"event": kind, "group": self.group, "node": self.name,
                 "time": stamp.replace("+00:00", "Z"), "mono": round(now(), 6)}
        print(json.dumps({**event, **details}, default=str), flush=True)

    def tell(self, event: asyncactor.NodeEvent) -> None:
        match event:
            case asyncactor.TagEvent():
                self.until = now() + self.tag_length()
                self.say("tag", value=event.value, slot=None, until=round(self.until, 6))
            case asyncactor.DetagEvent():
                self.say("detag", slot=None, by=event.node)
            case asyncactor.UntagEvent():
                self.say("untag", slot=None, reason=self.reason())
            case asyncactor.PingEvent():
                self.say("ping", leader=event.node, value=event.value)
            case asyncactor.RecoverEvent():
                self.say("recover", prio=event.prio, replace=event.replace,
                         local=event.local_nodes, remote=event.remote_nodes)
            case asyncactor.GoodNodeEvent():
                self.say("good-node", nodes=event.nodes)
            case asyncactor.SetupEvent():
                self.say("setup", version=event.version, cycle=event.cycle, gap=event.gap,
                         nodes=event.nodes, splits=event.splits, n_hosts=event.n_hosts,
                         force_in=getattr(event, "force_in", False), by=None)

    def tag_length(self) -> float:
        """How long the package holds a tag."""
        cycle = self.actor.cycle_time
        gap = (self.actor.cycle_time_max - cycle) / 2.5
        return cycle - gap / 2

    def reason(self) -> str:
        """The package does not say it."""
        if self.disabled:
            return "disabled"
        return "end" if now() > self.until - LATE else "handover"

    # --- Commands ---

    async def obey(self) -> None:
        methods: dict[str, Callable] = {"set_value": self.set_value, "enable": self.enable,
                                        "disable": self.disable, "update_config": self.configure}
        async for line in lines_of_input():
            try:
                (name, argument), = json.loads(line).items()
                await methods[name](argument)
            except (ValueError, KeyError, AttributeError, TypeError) as why:
                log.error("refused: %s: %r", line.decode(errors="replace").strip(), why)

    async def set_value(self, value: Any) -> None:
        await self.actor.set_value(value)
        if value is not None:
            self.actor.set_ready()

    async def enable(self, length: Any) -> None:
        self.disabled = False
        await self.actor.enable(length)

    async def disable(self, length: Any) -> None:
        self.disabled = True
        await self.actor.disable(length)

    async def configure(self, config: dict[str, Any]) -> None:
        """What is not named becomes the package's default."""
        await self.actor.update_config({"node": self.name, **config})


async def lines_of_input() -> AsyncIterator[bytes]:
    """None when standard input is no pipe."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line


# --- The process -------------------------------------------------------------------------------


async def end_by_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


async def run(options: argparse.Namespace) -> None:
    topic = (*options.prefix.split("/"), options.group)
    name, *where = ("over_mqtt", options.mqtt, topic) if options.mqtt else (
        "over_serf", options.serf, topic, options.serf_key)
    async with importlib.import_module(name).connect(HOST, *where) as carrier:
        await Node(carrier, options).live()


def errors(error: BaseException) -> Iterator[BaseException]:
    """Those that groups of errors hold, which before anyio 4 are no ExceptionGroups of Python's."""
    parts = getattr(error, "exceptions", ())
    for part in parts:
        yield from errors(part)
    if not parts:
        yield error


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--name", required=True)
    parser.add_argument("-g", "--group", required=True)
    parser.add_argument("-p", "--prefix", default="actor", help="of the topic PREFIX/GROUP (actor)")
    carrier = parser.add_mutually_exclusive_group(required=True)
    carrier.add_argument("--mqtt", metavar="PORT", type=int, help=f"of the broker on {HOST}")
    carrier.add_argument("--serf", metavar="PORT", type=int, help="of a Serf agent's RPC there")
    parser.add_argument("--serf-key", metavar="KEY", help="of that agent's RPC")
    parser.add_argument("--cycle", type=float, default=10)
    parser.add_argument("--gap", type=float, default=1.5)
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--value", metavar="JSON", type=json.loads, default=0,
                        help="null: not ready (0)")
    parser.add_argument("--config-version", metavar="N", type=int, default=0)
    parser.add_argument("--config", metavar="JSON", type=json.loads, default={},
                        help='more of the configuration: {"splits": 4, "override": true}')
    parser.add_argument("--log", default="warning", help="debug, info, warning (that), error")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    logging.basicConfig(stream=sys.stderr, level=options.log.upper(),
                        format="%(relativeCreated)d %(levelname)s %(name)s: %(message)s")
    try:
        anyio.run(run, options)
    except Exception as error:
        log.debug("the whole error", exc_info=error)
        for part in errors(error):
            print(*traceback.format_exception_only(part), sep="", end="", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
