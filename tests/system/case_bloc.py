# SPDX-License-Identifier: MIT
"""bloc's clients, served by all actords of a group together."""
import http.client
import socket
from typing import Sequence

from bloc import HEADER, Balancer, Client, are_right, ask, check_exclusive
from case_roster import place, settled_max
from cases import case
from clock import check, now
from processes import Node, free_port
from serf import Cluster
from world import Timing, World

TIMEOUT, SETTLE, INTERVAL = 2.0, 3.5, 0.5
# A session is dropped so much later at most: two batches, two gaps or 0.25 s, and a step.
DROPPED_MAX = TIMEOUT + TIMEOUT / 6 + 1.0


class Service:
    """Actords that serve, and clients of them."""

    def __init__(self, world: World, names: str, *options: str, timeout: float = TIMEOUT,
                 settle: float = SETTLE) -> None:
        self.world = world
        self.more = ["--bloc-timeout", str(timeout), "--bloc-settle", str(settle), *options]
        self.ports = {name: free_port() for name in names}
        self.nodes = [world.node(name, *self.options(name)) for name in names]
        self.balancer = Balancer(list(self.ports.values()))
        world.stack.callback(self.balancer.close)
        self.clients: list[Client] = []
        self.gone: list[Client] = []
        world.stack.callback(self.end_clients)

    def options(self, name: str) -> list[str]:
        return ["--bloc", f"127.0.0.1:{self.ports[name]}", *self.more]

    def end_clients(self) -> None:
        for client in self.clients:
            client.ends.set()
        for client in self.clients:
            client.thread.join()

    @property
    def alive(self) -> list[Node]:
        return [node for node in self.nodes if node.process.poll() is None]

    @property
    def leader(self) -> Node:
        """Who has index 1."""
        return self.world.wait("index 1", settled_max(self.world), lambda: next(
            (node for node in self.alive
             if (told := place(self.world, node)) is not None and told["index"] == 1), None))

    def start_clients(self, count: int, interval: float = INTERVAL) -> None:
        self.clients += [Client(self.balancer.port, interval, self.world.changed)
                         for _ in range(count)]

    def take_client(self) -> Client:
        """One that has a place in the middle."""
        client = next(client for client in self.clients if client.place[0] == 2)
        self.clients.remove(client)
        self.gone.append(client)
        return client

    def await_right(self, seconds: float) -> float:
        """Until all have their places; returns when."""
        self.world.wait("right places of all", seconds, lambda: are_right(self.clients))
        return now()

    def await_doubt(self, before: Sequence[int]) -> None:
        """Until one has been told that it has none."""
        self.world.wait("client without a place", 2 * TIMEOUT, lambda: any(
            client.doubts > count for client, count in zip(self.clients, before)))

    def recover(self, what: str, allowed: float, since: float, doubts: Sequence[int]) -> None:
        """After something that happened."""
        self.await_doubt(doubts)
        took = self.await_right(allowed) - since
        self.world.note(f"{what} {took:.1f} s")
        check(took <= allowed, f"{what}: right {took:.2f} s later; allowed are {allowed:.2f}")

    def doubts(self) -> list[int]:
        return [client.doubts for client in self.clients]


def kill_actords(service: Service) -> None:
    """The steady leader, then of those that are left the one that is not."""
    world = service.world
    for what in ("leader killed", "other killed"):
        doubts = service.doubts()
        leader = service.leader
        victim = leader if what == "leader killed" else next(
            node for node in service.alive if node is not leader)
        service.recover(what, TIMEOUT + SETTLE, victim.kill(), doubts)
    name = next(node.name for node in service.nodes if node not in service.alive)
    doubts = service.doubts()
    service.nodes.append(world.node(name, *service.options(name)))
    service.recover("actord back", settled_max(world) + world.timing.rescue_max + SETTLE + 1, now(),
                    doubts)


def change_clients(service: Service) -> None:
    places = {client.id: client.place[0] for client in service.clients}
    doubts = service.doubts()
    service.start_clients(1)
    service.recover("client comes", SETTLE + 4 * INTERVAL, now(), doubts)
    check(all(client.place[0] == places.get(client.id, len(places) + 1)
              for client in service.clients), "who was there has another index when one has come")
    client, doubts = service.take_client(), service.doubts()
    client.die()
    # An actord that is stopped for long lets all sessions live on for so long.
    service.recover("client dies", DROPPED_MAX + TIMEOUT + SETTLE + 4 * INTERVAL, now(), doubts)
    client, doubts = service.take_client(), service.doubts()
    client.leave()
    service.recover("client leaves", SETTLE + 4 * INTERVAL, now(), doubts)


def ask_frozen(port: int, client: Client) -> socket.socket:
    """Asks for a client where nobody reads yet."""
    asked = socket.create_connection(("127.0.0.1", port), timeout=5)
    asked.sendall(f"GET /index HTTP/1.1\r\nHost: x\r\n{HEADER}: {client.id}\r\n\r\n".encode())
    return asked


def wake_frozen(service: Service) -> None:
    """The leader is frozen until others have given other places; then it wakes, with what was asked
    and told meanwhile still unread."""
    world, frozen = service.world, service.leader
    port = service.ports[frozen.name]
    frozen.freeze()
    service.nodes.remove(frozen)
    ports = service.balancer.ports
    service.balancer.ports = [other for other in ports if other != port]  # as one that looks
    service.take_client().die()  # so that the table changes
    service.await_right(12 * world.timing.turn_max + DROPPED_MAX + SETTLE)
    asked = [ask_frozen(port, client) for client in service.clients]
    doubts = service.doubts()
    service.nodes.append(frozen)
    woken = frozen.thaw()
    for one in asked:
        answer = one.recv(4096)
        check(b"SETTLING" in answer, f"who has just woken answers {answer!r}")
        one.close()
    service.balancer.ports = ports
    allowed = settled_max(world) + world.timing.rescue_max + SETTLE + 1
    service.recover("leader woken", allowed, woken, doubts)


def serve(world: World) -> None:
    service = Service(world, "abc")
    service.start_clients(4)
    service.await_right(settled_max(world) + world.timing.rescue_max + SETTLE + 2)
    kill_actords(service)
    change_clients(service)
    check_exclusive(service.clients + service.gone)


@case(seconds=32)
def bloc_local(world: World) -> None:
    """On the local bus actords are killed, and clients come, die and leave: no place twice."""
    serve(world)


@case(seconds=32)
def bloc_mqtt(world: World) -> None:
    """The same on a broker."""
    world.start_broker()
    serve(world)


@case(seconds=35)
def bloc_frozen(world: World) -> None:
    """A leader that was frozen, and lost by the broker, wakes, and gives nobody an old place."""
    world.start_broker()
    service = Service(world, "abc", "--keepalive", "1")
    service.start_clients(4)
    service.await_right(settled_max(world) + world.timing.rescue_max + SETTLE + 2)
    wake_frozen(service)
    check_exclusive(service.clients + service.gone)


@case(seconds=20)
def bloc_serf(world: World) -> None:
    """On three Serf agents, whose packets are short and MessagePack: places for 60 clients."""
    world.timing = Timing(2.0, 0.5)
    cluster = Cluster(world.dir, "abc")
    world.stack.callback(cluster.remove)
    cluster.start()
    world.urls = {name: agent.url for name, agent in cluster.agents.items()}
    service = Service(world, "abc", timeout=4.0, settle=6.5)
    service.start_clients(60, 1.5)
    service.await_right(settled_max(world) + world.timing.rescue_max + 12)
    check_exclusive(service.clients)


BAD_REQUESTS = [
    (400, "GET", "/index", {}), (400, "GET", "/index", {HEADER: ""}),
    (400, "GET", "/index", {HEADER: "x" * 65}), (400, "GET", "/index", {HEADER: "a b"}),
    (400, "GET", "/index", {HEADER: "\u00e9"}), (400, "DELETE", "/session", {}),
    (404, "GET", "/", {HEADER: "x"}), (404, "GET", "/index/", {HEADER: "x"}),
    (405, "POST", "/index", {HEADER: "x"}), (405, "DELETE", "/index", {HEADER: "x"}),
    (405, "GET", "/session", {HEADER: "x"}),
]


@case(seconds=9)
def bloc_requests(world: World) -> None:
    """What a client may ask for, and what it is told else; one actord alone serves too."""
    service = Service(world, "a")
    port = service.ports["a"]
    world.await_event("link-up", 5)
    for status, method, path, headers in BAD_REQUESTS:
        told = ask(port, method, path, headers)
        check(told[0] == status and len(told[1]["error"]) > 10,
              f"{method} {path} {headers} is answered by {told}; it should be {status}")
    check(ask(port, "POST", "/index", body=b"x" * 1000)[0] == 405, "POST with a body is taken")
    told = ask(port, "GET", "/index", {HEADER: "x" * 64})
    check(told == (200, {"status": "SETTLING"}), f"a new session is told {told}")
    service.start_clients(1)
    service.await_right(settled_max(world) + DROPPED_MAX + SETTLE + 2)
    check_exclusive(service.clients)


@case(seconds=3)
def bloc_strangers(world: World) -> None:
    """Who sends nonsense, or slowly, or too much, is not waited for, and others are served."""
    service = Service(world, "a")
    port = service.ports["a"]
    world.await_event("link-up", 5)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    for one in silent:
        one.sendall(b"GET /index HT")
    for nonsense in (b"\0" * 4000, b"GET " + b"x" * 30000, b"\r\n" * 100,
                     b"GET /index HTTP/1.1\r\nBloc-Session-ID: " + b"y" * 30000):
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.sendall(nonsense)
    body = (b"DELETE /session HTTP/1.1\r\nHost: x\r\nBloc-Session-ID: x\r\n"
            b"Content-Length: 10000000\r\n\r\n" + b"z" * 1000000)
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.settimeout(5)
        try:
            one.sendall(body)
            check(one.recv(1) == b"", "a long body is read to its end")
        except ConnectionError:
            pass
    told = ask(port, "GET", "/index", {HEADER: "x"})
    check(told == (200, {"status": "SETTLING"}), f"another is told {told}")
    for one in silent:
        one.close()


@case(seconds=4)
def bloc_many(world: World) -> None:
    """There is an end to sessions; and the process does not grow."""
    service = Service(world, "a")
    port = service.ports["a"]
    world.await_event("link-up", 5)
    before = service.nodes[0].resident_kb()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    statuses = []
    for i in range(4100):
        connection.request("GET", "/index", headers={HEADER: f"session-{i}"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    check(503 in statuses and statuses.index(503) > 4000, f"{statuses.count(503)} were refused")
    grown = service.nodes[0].resident_kb() - before
    world.note(f"grown by {grown} KB")
    check(grown < 4000, f"grown by {grown} KB")


@case(seconds=2)
def bloc_options(world: World) -> None:
    """Where nobody can listen just now: status 1; what is no place, and times that do not fit: 2; and
    a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bus, port = f"local:{world.dir}/bus", free_port()
        for options, words in {
            (f"127.0.0.1:{taken.getsockname()[1]}",): ("cannot listen", "in use"),
            ("127.0.0.1",): ("HOST:PORT",), ("127.0.0.1:0",): ("65535",),
            ("127.0.0.1:70000",): ("65535",), (":80",): ("HOST:PORT",),
            ("300.1.1.1:80",): ("no address",), ("192.0.2.1:9999",): ("cannot listen",),
            (f"127.0.0.1:{port}", "--bloc-settle", "4"): ("--bloc-settle", "9.00"),
            (f"127.0.0.1:{port}", "--bloc-settle", "0"): ("3600 s",),
            (f"127.0.0.1:{port}", "--bloc-timeout", "soon"): ("seconds",),
        }.items():
            done = world.run("-t", bus, "--bloc", *options)
            told = f"--bloc {' '.join(options)}: status {done.returncode}, {done.stderr.strip()!r}"
            later = words[0] in ("cannot listen", "no address")
            check(done.returncode == (1 if later else 2), told)
            for word in words:
                check(word in done.stderr, f"{told}; it should have {word}")
