# SPDX-License-Identifier: MIT
"""actord as a program: bad options, transports that do not work (yet), an orderly end."""
import json
import os
import shutil
import signal
import stat
import subprocess
from typing import Iterable

from cases import case
from clock import ALLOWANCE, Skip, check, now
from mqtt import Tap
from processes import ACTORD, Broker, Event, Node
from world import NAMED, TURN, World

OPTIONS = """-n -g -t -p --cycle --gap --nodes --splits --hosts --value --keepalive --takeover
             --tag --bloc --bloc-timeout --bloc-settle --events --log --version --help""".split()
BAD_OPTIONS = {  # and what the sentence about them has to name
    ("--gap", "5", "--cycle", "1"): "gap",
    ("--cycle", "soon"): "cycle",
    ("--cycle", "0"): "cycle",
    ("--cycle", "nan"): "cycle",
    ("--gap", "-1"): "gap",
    ("--nodes", "0"): "nodes",
    ("--nodes", "65"): "nodes",
    ("--splits", "65"): "splits",
    ("--hosts", "0"): "hosts",
    ("--value", "{"): "value",
    ("--value", '{"a": 1}'): "value",
    ("--keepalive", "0"): "keepalive",
    ("--takeover", "soon"): "takeover",
    ("--tag", "site"): "tag",
    ("-n", "a/b"): "name",
    ("-n", ""): "name",
    ("-g", "a+b"): "group",
    ("-g", "a", "-g", "a"): "group",
    ("-p", "#"): "prefix",
    ("-t", "ftp://127.0.0.1"): "URL",
    ("-t", "mqtt://127.0.0.1:99999"): "port",
    ("-t", "mqtt://"): "host",
    ("-t", "nonsense"): "URL",
    ("--log", "loud"): "log",
    ("--frobnicate",): "frobnicate",
    ("--cycle",): "cycle",
    ("surplus",): "surplus",
}


# --- The command line --------------------------------------------------------------------------


@case(seconds=2)
def bad_options(world: World) -> None:
    """Bad options and URLs: status 2, nothing on standard output, and a sentence that names them."""
    for options, word in BAD_OPTIONS.items():
        done = world.run("-t", f"local:{world.dir}/bus", *options)
        told = f"{' '.join(options)}: status {done.returncode}, {done.stderr.strip()!r}"
        check(done.returncode == 2, told)
        check(not done.stdout, f"{told}, and it prints {done.stdout!r}")
        check(word.lower() in done.stderr.lower(), f"{told}; it should name {word}")
        check(len(done.stderr.splitlines()) <= 2, f"{told}; one sentence is enough")


@case(seconds=1)
def help_and_version(world: World) -> None:
    """--help names each option, --version a version; both end with status 0."""
    text = world.run("--help")
    check(text.returncode == 0, f"--help ends with status {text.returncode}")
    missing = [option for option in OPTIONS if option not in text.stdout]
    check(not missing, f"--help does not name {' '.join(missing)}")
    version = world.run("--version")
    check(version.returncode == 0, f"--version ends with status {version.returncode}")
    check(any(letter.isdigit() for letter in version.stdout), f"no version: {version.stdout!r}")


# --- Transports that do not work yet -----------------------------------------------------------


def await_down(world: World, node: Node, word: str) -> Event:
    """link-down with a sentence that has the word in it; the process goes on."""
    down = world.await_event("link-down", 5, node=node)
    check(word.lower() in str(down["reason"]).lower(),
          f'"{word}" is not in the reason: {down.data}')
    return down


@case(seconds=12)
def no_broker(world: World) -> None:
    """A broker that is not there: a sentence, a patient retry, and back within 2 s when it is."""
    broker = Broker(world.dir)
    world.stack.callback(broker.remove)
    node = world.node("a", url=broker.url)
    await_down(world, node, "")
    lines = len(node.log)
    world.wait("several attempts", 5, lambda: now() - node.started_at > 4)
    check(len(node.log) - lines < 5, f"it complains over and over: {node.log}")
    returned = broker.start()
    up = world.await_event("link-up", 2, node=node)
    check(up.mono - returned < 2, f"link-up {up.mono - returned:.2f} s after the broker's start")
    check(up["url"] == broker.url, f"not its URL: {up.data}")
    world.await_event("tag", world.timing.rescue_max, node=node)


def unusable_buses(world: World) -> dict[str, tuple[str, object]]:
    """Directories that cannot be used: a word of the reason, and what puts them right."""
    file, public = world.dir / "file", world.dir / "public"
    file.touch()
    public.mkdir()
    public.chmod(0o777)

    def make_directory() -> None:
        file.unlink()
        file.mkdir(0o700)
    return {f"{file}/bus": (f"{file}", make_directory),
            f"{public}": ("everybody", lambda: public.chmod(0o700))}


@case(seconds=15)
def unusable_bus(world: World) -> None:
    """A bus directory that cannot be made, or is open to everybody: a sentence and a retry."""
    for number, (path, (word, repair)) in enumerate(unusable_buses(world).items()):
        node = world.node("a", url=f"local:{path}", groups=[f"g{number}"])
        await_down(world, node, word)
        repair()
        world.await_event("link-up", 12, node=node)
        world.await_event("tag", world.timing.rescue_max, node=node)


@case(seconds=10)
def unwritable_bus(world: World) -> None:
    """A bus directory that this user may not write: a sentence and a retry."""
    user = 65534 if os.geteuid() == 0 else None
    program = shutil.copy(ACTORD, world.dir / "actord")
    place = world.dir / "theirs"
    place.mkdir()
    place.chmod(0o555)
    command = [program, "-n", "a", "-t", f"local:{place}/bus", "--events", *world.timing.options]
    node = Node("a", command, world.told, user=user)
    world.nodes.append(node)
    world.stack.callback(node.remove)
    await_down(world, node, "permission denied")
    place.chmod(0o777)
    world.await_event("link-up", 12, node=node)
    mode = stat.S_IMODE((place / "bus").stat().st_mode)
    check(mode == 0o700, f"the bus is made with mode {mode:o}")


@case(seconds=15)
def no_right(world: World) -> None:
    """No right to the topic: link-down with a sentence, and a patient retry until there is one."""
    rights = world.dir / "rights"
    rights.write_text("topic read actor/#\n")
    broker = world.start_broker("allow_anonymous true", f"acl_file {rights}")
    node = world.node("a")
    down = world.await_event("link-down", 5, node=node)
    check("actor/g" in down["reason"], f"the topic is not named: {down.data}")
    check(not world.events("tag"), "it was tagged though nobody hears it")
    rights.write_text("topic readwrite actor/#\n")
    repaired = broker.send(signal.SIGHUP)
    world.await_event("tag", 10, after=repaired, node=node)
    tries = len(broker.connections("a"))
    check(tries <= 2 + (now() - node.started_at) / 3, f"{tries} attempts: it is not patient")


@case(seconds=10)
def bad_password(world: World) -> None:
    """A bad password: link-down with a sentence that does not tell it, and a patient retry."""
    passwords = world.dir / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "u", "right-one"],
                   capture_output=True, check=True)
    broker = world.start_broker("allow_anonymous false", f"password_file {passwords}")
    place = f"127.0.0.1:{broker.port}"
    node = world.node("a", url=f"mqtt://u:wrong-one@{place}")
    await_down(world, node, "password")
    right = world.node("b", url=f"mqtt://u:right-one@{place}")
    up = world.await_event("link-up", 2, node=right)
    world.await_event("tag", world.timing.rescue_max, node=right)
    check(up["url"] == f"mqtt://u@{place}", f"not its URL: {up.data}")
    for one in (node, right):
        printed = [str(event.data) for event in one.events] + one.log
        check(not any("-one" in line for line in printed), f"{one.name} tells its password")


# --- The end -----------------------------------------------------------------------------------


def check_stop(node: Node, number: int) -> None:
    """Within 2 s, with status 0; a holder says so as its last word on the tag."""
    asked = node.terminate(number)
    status = node.wait(2)
    took = now() - asked
    check(status == 0, f"{node.name} ended with status {status}")
    check(took < 2 + ALLOWANCE, f"{node.name} took {took:.2f} s to end")
    last = [event for event in node.events if event.kind in ("tag", "renew", "untag", "detag")][-1]
    check(last.kind in ("untag", "detag"), f"{node.name} ended without a word: {last.data}")


def check_last_word(tap: Tap, node: Node) -> None:
    """The untag of a node that stops is on its topic too."""
    last = [event.data for event in node.events if event.kind == "untag"][-1]
    check(last["reason"] == "stop", f"{node.name} was tagged and ended by {last}")
    told = [json.loads(heard.payload) for heard in tap.on(f"actor/g/event/{node.name}")]
    check(last in told, f"this is not on its topic: {last}")


@case(seconds=20)
def stop(world: World) -> None:
    """SIGTERM or SIGINT: untag with reason stop on standard output and the event topic, status 0
    within 2 s; the last one clears the retained leader."""
    world.start_broker()
    tap = world.tap("actor/#")
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        start = now()
        holder = world.await_event(TURN, 2 * world.timing.rescue_max, after=start).node
        check_stop(holder, number)
        world.wait("last word", 2, lambda node=holder: tap.on(f"actor/g/event/{node.name}"))
        check_last_word(tap, holder)
    world.wait("cleared leader", 2, lambda: not tap.on("actor/g/leader")[-1].payload)
    tap.publish("marker", b"1", retain=True)
    late = world.tap("actor/g/leader", "marker")
    world.wait("marker", 2, lambda: late.on("marker"))
    check(not late.on("actor/g/leader"), "the leader topic is still retained")


@case(seconds=5)
def stop_offline(world: World) -> None:
    """SIGTERM while there is no broker: status 0 within 2 s all the same."""
    broker = Broker(world.dir)
    node = world.node("a", url=broker.url)
    world.await_event("link-down", 5, node=node)
    asked = node.terminate()
    status = node.wait(2)
    check(status == 0 and now() - asked < 2 + ALLOWANCE,
          f"status {status} after {now() - asked:.2f} s")


@case(seconds=15)
def events_lost(world: World) -> None:
    """Standard output is a full disk, or a pipe that nobody reads: the node goes on."""
    world.start_broker()
    tap = world.tap("actor/g/event/+")
    world.group("a")
    read_end, write_end = os.pipe()
    with open("/dev/full", "wb", buffering=0) as full, open(write_end, "wb") as closed:
        world.node("full", stdout=full)
        world.node("closed", stdout=closed)
    os.close(read_end)
    for name in ("full", "closed"):
        world.wait(f"tags of {name} on its topic", 20 * world.timing.turn_max, lambda who=name: sum(
            json.loads(heard.payload)["event"] == "tag"
            for heard in tap.on(f"actor/g/event/{who}")) >= 3)


# --- Memory ------------------------------------------------------------------------------------


def check_clean(nodes: Iterable[Node]) -> None:
    for node in nodes:
        node.terminate()
    for node in nodes:
        status = node.wait(10)
        report = "\n".join(line for line in node.log if line.startswith("=="))
        check(status == 0 and not report, f"{node.name}: status {status}\n{report}")


@case(seconds=40)
def valgrind(world: World) -> None:
    """No errors and no leaks under valgrind, on mqtt and on the local bus."""
    program = shutil.which("valgrind")
    if program is None:
        raise Skip("valgrind is not installed")
    world.timing = NAMED
    prefix = [program, "-q", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
              "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=99"]
    local = world.url
    world.start_broker()
    nodes = [world.node(f"{name}{number}", url=url, groups=[name], prefix=prefix)
             for name, url in (("mqtt", world.url), ("local", local)) for number in (1, 2)]
    world.await_all_tagged(nodes)
    world.await_turns(8, after=now())
    check_clean(nodes)
