# SPDX-License-Identifier: MIT
"""Serf agents of a case's own, encrypted among themselves and each with a key for its RPC port, and
a client of one of them that hears what the group says."""
import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time
from typing import Any, Callable, Optional, Sequence

import messagepack
from clock import Failure, Skip, deadline, now
from lan import Host
from mqtt import Heard
from processes import Process, free_port

GOSSIP, RPC = 7946, 7373  # where it is alone on a host
KEY = "a key of this test's"
PRESENCE = "actor/@/"
# "local" is twice as quick, but tells each event twice only: of three agents one in 200 misses it,
# of five one in 20, and gets it seconds later.
PROFILE = "lan"


class Agent(Process):
    """One agent; its ports stay the same when it is started again. Its files are in `directory`."""

    def __init__(self, name: str, directory: pathlib.Path, host: Optional[Host] = None) -> None:
        super().__init__(f"the agent {name}")
        self.program = shutil.which("serf", path=os.environ["PATH"] + ":/usr/sbin")
        if self.program is None:
            raise Skip("serf is not installed")
        self.node = name
        self.prefix = host.prefix if host else []
        self.address = host.address if host else "127.0.0.1"
        self.gossip, self.rpc = (GOSSIP, RPC) if host else (free_port(), free_port())
        self.log = directory / f"agent-{name}.log"
        self.config = directory / f"agent-{name}.json"

    @property
    def url(self) -> str:
        return f"serf://:{KEY.replace(' ', '%20')}@127.0.0.1:{self.rpc}"

    def start(self, others: Sequence["Agent"]) -> None:
        self.config.write_text(json.dumps({
            "node_name": self.node, "bind": f"{self.address}:{self.gossip}",
            "rpc_addr": f"127.0.0.1:{self.rpc}", "rpc_auth": KEY, "profile": PROFILE,
            "encrypt_key": base64.b64encode(KEY.ljust(32).encode()).decode(),
            "retry_join": [f"{other.address}:{other.gossip}" for other in others],
            "retry_interval": "1s", "reconnect_interval": "1s"}))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, self.program, "agent", "-config-file", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.may_end = False

    def members(self) -> list[dict[str, Any]]:
        """The agents that it knows to be alive, itself included; none when it does not answer."""
        done = subprocess.run(
            [*self.prefix, self.program, "members", f"-rpc-addr=127.0.0.1:{self.rpc}",
             f"-rpc-auth={KEY}", "-status=alive", "-format=json"], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=deadline(5), check=False)
        return json.loads(done.stdout)["members"] if done.returncode == 0 else []

    def remove_presence(self, name: str) -> None:
        """A tag that this agent has, as an administrator would."""
        subprocess.run(
            [*self.prefix, self.program, "tags", f"-rpc-addr=127.0.0.1:{self.rpc}",
             f"-rpc-auth={KEY}", "-delete", PRESENCE + name], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=deadline(10), check=True)

    def known(self) -> int:
        """How many those are."""
        return len(self.members())

    def presences(self) -> dict[str, dict[str, Any]]:
        """What nodes have announced, as this agent lists it."""
        return {key.removeprefix(PRESENCE): json.loads(text) for member in self.members()
                for key, text in (member["tags"] or {}).items() if key.startswith(PRESENCE)}


class Cluster:
    """An agent for each name."""

    def __init__(self, directory: pathlib.Path, names: str, hosts: Sequence[Host] = ()) -> None:
        self.agents = {name: Agent(name, directory, host) for name, host in
                       zip(names, hosts or [None] * len(names))}

    def start(self, *names: str) -> None:
        """Those, or all; returns when all that run know of each other."""
        for name in names or self.agents:
            running = self.running()
            self.agents[name].start(running)
            if not running:
                self.await_together()  # else the next one would have to try again
        self.await_together()

    def running(self) -> list[Agent]:
        return [agent for agent in self.agents.values()
                if agent.process is not None and agent.process.poll() is None]

    def await_together(self) -> float:
        """Returns when it was found so."""
        end = now() + deadline(10)
        while True:
            running = self.running()
            if all(agent.known() == len(running) for agent in running):
                return now()
            if now() > end:
                raise Failure("the agents do not find each other: " + "".join(
                    agent.log.read_text(errors="replace")[-500:] for agent in running))
            time.sleep(0.02)

    def remove(self) -> None:
        for agent in self.agents.values():
            agent.remove()


@dataclasses.dataclass
class HeardOverSerf(Heard):
    """A user event, and when it came."""

    def decoded(self) -> Any:
        with contextlib.suppress(messagepack.Malformed):
            return messagepack.decode(self.payload)
        return None


class SerfTap:
    """Hears events of these types from an agent, those of users by their names; `heard` grows while
    it lives."""

    def __init__(self, agent: Agent, types: str, changed: Callable[[], None]) -> None:
        self.heard: list[HeardOverSerf] = []
        self.changed = changed
        self.socket = socket.create_connection(("127.0.0.1", agent.rpc), deadline(1))
        stream = self.socket.makefile("rb")

        def take(count: int) -> bytes:
            data = stream.read(count)
            if len(data) < count:
                raise EOFError
            return data
        self.reader = messagepack.Reader(take)
        self.ask("handshake", {"Version": 1})
        self.ask("auth", {"AuthKey": KEY})
        self.ask("stream", {"Type": types})
        self.socket.settimeout(None)
        threading.Thread(target=self.read, daemon=True).start()

    def ask(self, command: str, body: dict[str, Any]) -> None:
        self.socket.sendall(messagepack.encode({"Command": command, "Seq": 0})
                            + messagepack.encode(body))
        answer = self.reader.item()
        if answer["Error"]:
            raise Failure(f"the agent refuses {command}: {answer['Error']}")

    def read(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                self.reader.item()
                event = self.reader.item()
                self.heard.append(HeardOverSerf(now(), event.get("Name", event["Event"]),
                                                event.get("Payload", b""), False))
                self.changed()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def on(self, topic: str, after: float = 0.0) -> list[HeardOverSerf]:
        return [heard for heard in list(self.heard) if heard.topic == topic and heard.at > after]

    def pings(self, topic: str, after: float = 0.0) -> list[HeardOverSerf]:
        """The beacons among the messages of a group."""
        return [heard for heard in self.on(topic, after)
                if isinstance(message := heard.decoded(), dict) and message.get("t") == "ping"]
