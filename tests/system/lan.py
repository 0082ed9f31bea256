# SPDX-License-Identifier: MIT
"""Several hosts on one network, in a case of their own: network namespaces, joined by a bridge.

None has a name in the system: each namespace is held by a child process, which ends when its
standard input does, and so with whoever made it, even by kill -9. Whoever runs in one gets SIGKILL
then. As an ordinary user all of it is in one user namespace.

Losses and cuts are made by nftables as frames pass the bridge: not every kernel has netem (CI's
and containers' often lack sch_netem), and this way each receiver loses frames of his own, and
nothing tells a host that it was cut off."""
import os
import re
import shutil
import subprocess
from typing import Iterable

from clock import Failure, Skip, deadline
from processes import Process

PROGRAMS = "ip nft nsenter setpriv unshare".split()
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
LOSS_STEPS = 10000  # of a percentage, for nftables, which count in whole numbers
SNOOP_CENTISECONDS = 50  # until the switch relies on what it was told


class Namespace(Process):
    """A network of its own, in the user namespace of `owner` if there is one."""

    def __init__(self, name: str, *owner: str) -> None:
        super().__init__(name)
        make = [*owner, "unshare", "--net"]
        if not owner and os.geteuid() != 0:
            make += ["--user", "--map-root-user"]
        self.process = subprocess.Popen(
            [*make, "sh", "-c", "echo ready && exec cat"], env={**os.environ, "PATH": PATH},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            why = self.process.stderr.read().strip()
            self.close()
            raise Skip(f"network namespaces are not allowed here: {why}")

    @property
    def user(self) -> list[str]:
        """Enters its user namespace, where root does not need to."""
        enter = [shutil.which("nsenter", path=PATH), "--target", str(self.process.pid)]
        return [*enter, "--user", "--preserve-credentials"] if os.geteuid() != 0 else []

    @property
    def prefix(self) -> list[str]:
        """A command to run another under, in place: signals for its process reach that one."""
        enter = self.user or [shutil.which("nsenter", path=PATH), "--target", str(self.process.pid)]
        return [*enter, "--net", "setpriv", "--pdeathsig", "KILL"]

    def run(self, *command: str, given: str = "") -> str:
        """A command that ends by itself; returns what it prints."""
        done = subprocess.run([*self.prefix, *command], env={**os.environ, "PATH": PATH},
                              input=given, capture_output=True, text=True, check=False,
                              timeout=deadline(10))
        if done.returncode != 0:
            raise Failure(f"in {self.name}, {' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def ip(self, *lines: str) -> None:
        """Several lines for ip(8)."""
        self.run("ip", "-batch", "-", given="\n".join((*lines, "")))

    def close(self) -> None:
        self.remove()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


class Host(Namespace):
    """One of the hosts, numbered from 1, with one interface, eth0."""

    def __init__(self, number: int, hub: Namespace) -> None:
        super().__init__(f"host {number}", *hub.user)
        self.number = number
        self.address = f"10.77.0.{number}"
        self.port = f"h{number}"  # of the bridge, where its cable ends

    def start(self) -> None:
        # Else an IPv6 address cannot be used before it was found to be nobody else's.
        self.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad")
        self.ip("link set lo up")

    def connect(self) -> None:
        self.ip(f"address add {self.address}/24 dev eth0")
        self.up()

    def down(self) -> None:
        """Its interface is switched off, as by its administrator."""
        self.ip("link set eth0 down")

    def up(self) -> None:
        self.ip("link set eth0 up", "route add default dev eth0")


class Lan:
    """Hosts 1 to `count`; all of it ends with close()."""

    def __init__(self, count: int) -> None:
        missing = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
        if missing:
            raise Skip(f"not installed: {' '.join(missing)}")
        self.namespaces: list[Namespace] = []
        self.islands: list[set[int]] = []
        self.lost_percent = 0.0
        try:
            self.build(count)
        except BaseException:
            self.close()
            raise

    def build(self, count: int) -> None:
        self.hub = Namespace("the hub")
        self.namespaces.append(self.hub)
        self.hub.ip("link add br0 type bridge", "link set br0 up")
        self.hosts = []
        for number in range(1, count + 1):
            host = Host(number, self.hub)
            self.namespaces.append(host)
            self.hosts.append(host)
            host.start()
            self.hub.ip(
                f"link add {host.port} type veth peer name eth0 netns {host.process.pid}",
                f"link set {host.port} master br0 up")
            host.connect()

    def close(self) -> None:
        for namespace in self.namespaces:
            namespace.close()

    def host(self, number: int) -> Host:
        return self.hosts[number - 1]

    # --- What passes the bridge ---

    def split(self, *islands: Iterable[int]) -> None:
        """Hosts of different islands do not hear each other; who is not named is on none, and
        hears nobody. Nothing tells them."""
        self.islands = [set(island) for island in islands]
        named = set().union(*self.islands)
        self.islands += [{host.number} for host in self.hosts if host.number not in named]
        self.filter()

    def cut(self, *numbers: int) -> None:
        """Each of these from all others."""
        others = {host.number for host in self.hosts} - set(numbers)
        self.split(others, *({number} for number in numbers))

    def heal(self) -> None:
        """All hear each other again."""
        self.islands = []
        self.filter()

    def loss(self, percent: float) -> None:
        """So many of the frames that pass are lost, each receiver's by itself."""
        self.lost_percent = percent
        self.filter()

    def lost(self) -> int:
        """How many were lost, since anything here was changed."""
        packets = re.search(r"counter packets (\d+)", self.hub.run("nft", "list", "ruleset"))
        return int(packets.group(1)) if packets else 0

    def snoop(self) -> None:
        """The switch asks who has joined, and sends multicast nowhere else."""
        self.hub.ip(
            f"link set br0 type bridge mcast_query_response_interval {SNOOP_CENTISECONDS}",
            "link set br0 type bridge mcast_snooping 1 mcast_querier 1")

    def filter(self) -> None:
        rules = []
        for island in self.islands:
            ports = ", ".join(f'"{self.host(number).port}"' for number in sorted(island))
            if ports:
                rules.append(f"iifname {{ {ports} }} oifname != {{ {ports} }} drop")
        if self.lost_percent:
            lost = round(self.lost_percent / 100 * LOSS_STEPS)
            rules.append(f"numgen random mod {LOSS_STEPS} < {lost} counter drop")
        self.hub.run("nft", "-f", "-", given="\n".join((
            "table bridge lan", "delete table bridge lan", "table bridge lan {", "chain pass {",
            "type filter hook forward priority 0; policy accept;", *rules, "}", "}", "")))

    # --- Cables ---

    def unplug(self, number: int) -> None:
        """Its interface is told at once."""
        self.hub.ip(f"link set {self.host(number).port} down")

    def plug(self, number: int) -> None:
        self.hub.ip(f"link set {self.host(number).port} up")
