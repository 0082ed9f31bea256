# SPDX-License-Identifier: MIT
"""bloc's own client, or its server, as a process; run by the python of build/interop-venv-bloc.

    bloc_node.py client NAME HOST:PORT INTERVAL
    bloc_node.py server PORT TIMEOUT SETTLE

A client prints what it believes, each time that this changes, as an event: its index and total, or
null. It leaves by SIGTERM."""
import datetime
import json
import sys
import time
from typing import Any

import attr
from bloc.client import BlocClient
from twisted.internet import reactor


class Client(BlocClient):
    """Tells what it believes."""

    def __init__(self, name: str, server: str, interval: float) -> None:
        super().__init__(reactor, server, interval)
        self.name = name
        self.told: Any = ()
        reactor.addSystemEventTrigger("before", "shutdown", self.stopService)

    def tell(self) -> None:
        place = self.get_index_total()
        if place != self.told:
            self.told = place
            index, total = place or (None, None)
            stamp = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
            print(json.dumps({"event": "place", "group": "", "node": self.name,
                              "time": stamp.replace("+00:00", "Z"),
                              "mono": time.clock_gettime(time.CLOCK_BOOTTIME),
                              "index": index, "total": total}), flush=True)

    def _set_index(self, content: Any) -> None:
        super()._set_index(content)
        self.tell()

    def _error_allocating(self, f: Any) -> None:
        super()._error_allocating(f)
        self.tell()


def serve(port: int, timeout: float, settle: float) -> None:
    made = attr.ib
    attr.ib = lambda *some, convert=None, **more: made(*some, converter=convert, **more)
    attr.validators.provides = lambda interface: lambda instance, attribute, value: None
    from bloc.server import Bloc
    from twisted.web.server import Site
    server = Bloc(reactor, timeout, settle)
    server.startService()
    reactor.listenTCP(port, Site(server.app.resource()), interface="127.0.0.1")


def main() -> None:
    kind, *rest = sys.argv[1:]
    if kind == "client":
        name, server, interval = rest
        Client(name, server, float(interval)).startService()
    else:
        port, timeout, settle = rest
        serve(int(port), float(timeout), float(settle))
    reactor.run()


if __name__ == "__main__":
    main()
