# SPDX-License-Identifier: MIT
"""One Python node and two of ours over Serf, each at an agent of its own."""
from cases import case
from mixed import ROOT, Mixed, python_ring, ring
from serf import KEY, Cluster, SerfTap
from world import TURN, Timing, World

CYCLES = 15


class MixedOverSerf(Mixed):
    """Each node at an agent of its name."""
    environment = "tests/interop/venv build/interop-venv-serf tests/interop/requirements-serf.txt"
    interpreter = ROOT / "build" / "interop-venv-serf" / "bin" / "python"

    def __init__(self, world: World, names: str) -> None:
        super().__init__(world, broker=False)
        world.timing = Timing(2.0, 0.5)
        self.topic = f"actor.{self.group}"
        self.cluster = Cluster(world.dir, names)
        world.stack.callback(self.cluster.remove)
        self.cluster.start()
        world.urls = {name: agent.url for name, agent in self.cluster.agents.items()}
        self.tap = SerfTap(self.cluster.agents[names[0]], f"user:{self.topic}", world.changed)
        world.stack.callback(self.tap.close)

    def carrier(self, name: str, port: int) -> list[str]:
        return ["--serf", str(port or self.cluster.agents[name].rpc), "--serf-key", KEY]


@case(seconds=70)
def one_python_over_serf(world: World) -> None:
    """One Python node and two of ours that come to it: 15 cycles without two tagged, all had turns,
    nobody ended."""
    mixed = MixedOverSerf(world, "pab")
    mixed.python("p", 0, *python_ring(3))
    mixed.await_all_tagged()  # else it may cut the first turn of ours: gossip is slow
    for name in "ab":
        mixed.actord(name, 0, *ring(3))
    mixed.await_all_tagged()
    turns = world.await_turns(CYCLES + 1, after=world.events(TURN)[-1].mono)
    beacons = mixed.beacons(turns[0].mono, turns[-1].mono)
    world.note(f"{beacons} beacons in {CYCLES} slots")
    mixed.await_all_tagged(after=turns[-1].mono)
    mixed.check_wire()
