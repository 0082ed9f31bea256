# SPDX-License-Identifier: MIT
"""The real processes: a mosquitto that can be killed, frozen and brought back, and actords."""
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from typing import IO, Any, Callable, Optional, Sequence

from clock import Failure, Skip, deadline, now

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTORD = ROOT / os.environ.get("BUILD", "build") / "actord"
LOG = os.environ.get("LOG", "info")


class Process:
    """Something that runs, and how it is made to run differently."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process: Optional[subprocess.Popen] = None
        self.ended_at: Optional[float] = None
        self.may_end = False  # else its end is a failure

    def send(self, number: int) -> float:
        """Sends a signal; returns the time just before."""
        at = now()
        self.process.send_signal(number)
        return at

    def kill(self) -> float:
        self.may_end = True
        at = self.send(signal.SIGKILL)
        self.process.wait()
        self.ended_at = now()
        return at

    def terminate(self, number: int = signal.SIGTERM) -> float:
        self.may_end = True
        return self.send(number)

    def freeze(self) -> float:
        """Returns the time when it has stopped: what it reports after that, it reports when it wakes."""
        self.send(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        return now()

    def thaw(self) -> float:
        return self.send(signal.SIGCONT)

    def wait(self, seconds: float) -> int:
        """Its status."""
        try:
            return self.process.wait(deadline(seconds))
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} has not ended within {deadline(seconds):.1f} s") from None

    def remove(self) -> None:
        """At the end of a case, in whatever state it is."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


# --- mosquitto ---------------------------------------------------------------------------------


CLAIMS: list[socket.socket] = []  # as long as this process lives: one for each port it was given


def free_port() -> int:
    """Below those that the system gives to clients: it must stay free while its broker is down. No
    other test that runs just now is given it."""
    while True:
        port = random.randrange(10000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe, contextlib.suppress(OSError):
            claim.bind(f"\0actord-test-port-{port}")
            probe.bind(("127.0.0.1", port))
            CLAIMS.append(claim)
            return port
        claim.close()


class Broker(Process):
    """A mosquitto on a loopback port that stays the same when it is started again."""

    def __init__(self, directory: pathlib.Path, *lines: str) -> None:
        super().__init__("mosquitto")
        self.program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        if self.program is None:
            raise Skip("mosquitto is not installed")
        self.port = free_port()
        self.log = directory / "mosquitto.log"
        self.config = directory / "mosquitto.conf"
        user = ["user root"] if os.geteuid() == 0 else []
        self.config.write_text("\n".join((
            *user, f"listener {self.port} 127.0.0.1", "persistence false",
            "log_type error", "log_type warning", "log_type notice", "connection_messages true",
            *(lines or ["allow_anonymous true"]), "")))

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Returns when it was found to listen."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "-c", str(self.config)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.may_end = False
        end = now() + deadline(5)
        while not self.listens():
            if self.process.poll() is not None or now() > end:
                raise Failure(f"mosquitto does not run: {self.log.read_text().strip()}")
            time.sleep(0.01)
        return now()

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def connections(self, name: str = "") -> list[str]:
        """A line for each connection that an actord made, of that name only if there is one."""
        pattern = re.compile(rf"New client connected .* as actord-{name}.*")
        return pattern.findall(self.log.read_text(errors="replace"))


# --- actord ------------------------------------------------------------------------------------


@dataclasses.dataclass
class Event:
    """One line of --events."""
    node: "Node"
    kind: str
    group: str
    mono: float
    data: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.data.get(key)


class Node(Process):
    """One actord, or another program that prints events as it does. `told(line)` hears each of its
    lines; `events` and `log` keep them."""

    def __init__(self, name: str, command: Sequence[str], told: Callable[["Node", str], None],
                 stdin: int = subprocess.DEVNULL, stdout: Optional[IO[bytes]] = None,
                 user: Optional[int] = None) -> None:
        super().__init__(name)
        self.events: list[Event] = []
        self.log: list[str] = []
        self.told = told
        self.lease = float("inf")  # L1, where a case is about it
        self.freezes: list[float] = []
        self.started_at = now()
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE, user=user, group=user, extra_groups=[] if user else None)
        self.readers = [threading.Thread(target=self.read_log, daemon=True)]
        if stdout is None:
            self.readers.append(threading.Thread(target=self.read_events, daemon=True))
        for reader in self.readers:
            reader.start()

    def freeze(self) -> float:
        self.freezes.append(super().freeze())
        return self.freezes[-1]

    def command(self, **method: Any) -> None:
        """To one that reads commands: the name of a method, and its argument."""
        self.process.stdin.write(json.dumps(method).encode() + b"\n")
        self.process.stdin.flush()

    def read_log(self) -> None:
        for line in self.process.stderr:
            line = line.decode(errors="replace").rstrip("\n")
            self.log.append(line)
            self.told(self, line)
        self.process.wait()
        self.told(self, f"ended with status {self.process.returncode}")

    def read_events(self) -> None:
        for line in self.process.stdout:
            line = line.decode(errors="replace").rstrip("\n")
            self.events.append(self.parse(line))
            self.told(self, line)

    def parse(self, line: str) -> Event:
        try:
            data = json.loads(line)
            return Event(self, data["event"], data["group"], float(data["mono"]), data)
        except (ValueError, KeyError, TypeError):
            return Event(self, "no event", "", now(), {"line": line})

    def wait(self, seconds: float) -> int:
        """Its status, once all its lines have been read too."""
        status = super().wait(seconds)
        for reader in self.readers:
            reader.join(deadline(5))
        return status

    def said(self, pattern: str) -> bool:
        """Whether a line of its log matches."""
        return any(re.search(pattern, line, re.IGNORECASE) for line in list(self.log))

    def resident_kb(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
