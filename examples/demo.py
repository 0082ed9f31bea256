#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three agents take turns leading; the leader is killed, and the next one takes over.

usage: demo.py local|mqtt|serf     on a bus of this host, or over a mosquitto or three Serf agents
started for it
It reads nothing but the agents' events, one JSON object a line.
"""
import contextlib
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ACTORD = pathlib.Path(__file__).resolve().parent.parent / "build" / "actord"
NAMES = ("alpha", "beta", "gamma")
CYCLE_S, GAP_S = 2.0, 0.3
SERF_GAP_S = 0.5  # gossip takes its time
TOGETHER_S = 16.0  # how long the three may need until all know each other
TAKEOVER_S = 8.0


class Failed(Exception):
    """The demo cannot go on; its text says why."""


def clock():
    """The clock that events are stamped with (`mono`)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


START = clock()


def say(text, at=None):
    print(f"{(at or clock()) - START:6.2f} s  {text}", flush=True)


class Agent:
    """One actord; its events go to a queue shared by all."""

    def __init__(self, name, url, gap, directory, events):
        self.name, self.events = name, events
        self.log = directory / f"{name}.log"
        command = [ACTORD, "-n", name, "-g", "demo", "-t", url, "--events",
                   "--cycle", str(CYCLE_S), "--gap", str(gap)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put({"event": "ended", "node": self.name, "mono": clock()})

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """An orderly end: SIGTERM, and SIGKILL for one that takes longer than promised."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.kill()


class Group:
    """The three agents, and what their events have told so far."""

    def __init__(self, urls, gap, directory, stack):
        self.events = queue.Queue()
        self.agents = {}
        for name, url in zip(NAMES, urls):
            self.agents[name] = Agent(name, url, gap, directory, self.events)
            stack.callback(self.agents[name].stop)
        self.known = {}  # how many nodes each one knows
        self.killed = None

    def next_tag(self, deadline):
        """The next `tag` event, or None when there is none until the deadline."""
        while (left := deadline - clock()) > 0:
            with contextlib.suppress(queue.Empty):
                event = self.events.get(timeout=left)
                if event["event"] == "tag":
                    say(f"{event['node']} leads", event["mono"])
                    return event
                self.notice(event)
        return None

    def notice(self, event):
        if event["event"] == "slot":
            self.known[event["node"]] = event["members"]
        elif event["event"] == "ended" and event["node"] != self.killed:
            log = self.agents[event["node"]].log.read_text(errors="replace").strip()
            raise Failed(f"{event['node']} ended by itself. It said: {log or 'nothing'}")

    def together(self):
        """The first tag by which all know each other."""
        deadline = clock() + TOGETHER_S
        while True:
            tag = self.next_tag(deadline)
            if tag is None:
                raise Failed(f"not all three found each other within {TOGETHER_S:.0f} s")
            if all(self.known.get(name) == len(NAMES) for name in NAMES):
                return tag

    def take_over(self, holder):
        """Kills the holder; returns who leads next, and after how many seconds."""
        self.killed = holder
        at = clock()
        self.agents[holder].kill()
        say(f"{holder} (pid {self.agents[holder].process.pid}) is ended with SIGKILL", at)
        while (tag := self.next_tag(at + TAKEOVER_S)) is not None:
            if tag["node"] != holder and tag["mono"] > at:
                return tag["node"], tag["mono"] - at
        raise Failed(f"nobody took over within {TAKEOVER_S:.0f} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def find(name):
    program = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise Failed(f"{name} is not installed")
    return program


def serve(command, name, directory, stack):
    """Starts a server that ends with the demo; returns it and its log."""
    log = directory / f"{name}.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process, log


def await_server(works, process, log, name):
    deadline = clock() + 10
    while not works():
        if process.poll() is not None or clock() > deadline:
            raise Failed(f"{name} does not run. It said: {log.read_text().strip()}")
        time.sleep(0.05)


def serf_agents(directory, stack):
    """Starts a Serf agent for each of ours, which join each other; returns their URLs."""
    program, urls, gossip = find("serf"), [], free_port()
    for number, name in enumerate(NAMES):
        rpc = free_port()
        command = [program, "agent", f"-node={name}", "-profile=local", f"-rpc-addr=127.0.0.1:{rpc}",
                   f"-bind=127.0.0.1:{free_port() if number else gossip}"]
        if number:
            command.append(f"-join=127.0.0.1:{gossip}")
        process, log = serve(command, f"serf-{name}", directory, stack)
        await_server(lambda port=rpc: answers(port), process, log, "serf")
        say(f"a Serf agent (pid {process.pid}) listens on 127.0.0.1:{rpc}")
        urls.append(f"serf://127.0.0.1:{rpc}")
    return urls


def broker(directory, stack):
    """Starts a mosquitto on the loopback; returns its URL."""
    program = find("mosquitto")
    port = free_port()
    config = directory / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                      "log_dest stderr\n")
    process, log = serve([program, "-c", config], "mosquitto", directory, stack)
    await_server(lambda: answers(port), process, log, "mosquitto")
    say(f"a mosquitto (pid {process.pid}) listens on 127.0.0.1:{port}")
    return f"mqtt://127.0.0.1:{port}"


def run(transport, stack):
    directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="actord-")))
    urls = {"mqtt": lambda: [broker(directory, stack)] * 3,
            "serf": lambda: serf_agents(directory, stack),
            "local": lambda: [f"local:{directory}"] * 3}[transport]()
    gap = SERF_GAP_S if transport == "serf" else GAP_S
    say(f"{', '.join(NAMES)} start on {', '.join(dict.fromkeys(urls))}; they take turns of about "
        f"{CYCLE_S:.0f} s")
    group = Group(urls, gap, directory, stack)
    holder = group.together()["node"]
    say("all three know each other; in this turn its leader will be killed")
    while later := group.next_tag(clock() + CYCLE_S / 8):
        holder = later["node"]
    heir, after_s = group.take_over(holder)
    say(f"{heir} has taken over {after_s:.2f} s after the end of {holder} "
        f"(at the worst it may take {CYCLE_S + 2.6 * gap:.2f} s)")
    if group.next_tag(clock() + 2 * (CYCLE_S + 2 * gap)) is None:
        raise Failed(f"after {heir}'s turn nobody leads")
    say("the two go on taking turns; that is all")


def main(transport):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with contextlib.ExitStack() as stack:
            run(transport, stack)
    except Failed as why:
        say(f"the demo has failed: {why}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["local"], ["mqtt"], ["serf"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
