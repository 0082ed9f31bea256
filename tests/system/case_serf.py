# SPDX-License-Identifier: MIT
"""Groups over Serf: real agents, encrypted, one for each actord, and what befalls them."""
from typing import Any, Sequence

import case_faults
import case_turns
import referee
from case_presence import await_said, check_said
from case_udp import await_own_turns, check_one_rotation
from cases import case
from clock import ALLOWANCE, check, now
from lan import Host, Lan
from processes import Node
from serf import Cluster, SerfTap
from world import TURN, Timing, World

# The gap holds the time that gossip takes: up to 0.3 s.
OVER_SERF = Timing(2.0, 0.5)
BEACONS_A_SLOT = 1.1
DOWN, BACK = 2.0, 2.0  # link-down after the agent's end, link-up after its return
MISSED = 12.0  # an agent that is killed is failed after 5 to 9 s, and said to be a second later
TOLD = 5.0  # a tag


def start_agents(world: World, names: str, hosts: Sequence[Host] = ()) -> Cluster:
    """An agent for each name, at which nodes of that name meet from now on."""
    world.timing = OVER_SERF
    cluster = Cluster(world.dir, names, hosts)
    world.stack.callback(cluster.remove)
    cluster.start()
    world.urls = {name: agent.url for name, agent in cluster.agents.items()}
    return cluster


def start_tap(world: World, cluster: Cluster, name: str, types: str = "user:actor.g") -> SerfTap:
    tap = SerfTap(cluster.agents[name], types, world.changed)
    world.stack.callback(tap.close)
    return tap


# --- Left in peace -----------------------------------------------------------------------------


@case(seconds=130)
def turns_serf(world: World) -> None:
    """Three agents, 60 cycles of 2 s, gap 0.5: never two tagged at once, every node had a turn
    within 12 slots, at most 1.1 beacons a slot, and nothing is told about tags."""
    cluster = start_agents(world, "abc")
    tap = start_tap(world, cluster, "a")
    members = start_tap(world, cluster, "b", "member-join,member-leave,member-failed,member-update")
    nodes = world.group("abc", "--nodes", "3")
    turns = world.await_turns(case_turns.SLOTS)
    settled = turns[0].mono + TOLD
    told = [heard.topic for heard in list(members.heard) if heard.at > settled]
    check(not told, f"agents tell of {' '.join(told)}")
    case_turns.check_first_turns(turns, nodes)
    case_turns.count_beacons(world, tap, turns, "actor.g", BEACONS_A_SLOT)
    world.check_turns(turns[0].mono, turns[-1].mono)


@case(seconds=30)
def one_agent_serf(world: World) -> None:
    """Three actords at two agents, in two groups: each group elects, and all lead."""
    start_agents(world, "ab")
    world.urls["c"] = world.urls["b"]
    nodes = [world.node(name, groups=("one", "two")) for name in "abc"]
    for group in ("one", "two"):
        world.wait(f"turns of all in {group}", 10 * world.timing.turn_max,
                   lambda seat=group: all(world.events(TURN, 0, node, seat) for node in nodes))


# --- Nodes -------------------------------------------------------------------------------------


@case(seconds=45)
def kill_holder_serf(world: World) -> None:
    """Holder killed with -9: the next tag within cycle + 2.6 gap, three times of three."""
    start_agents(world, "abc")
    world.await_all_tagged(world.group("abc"))
    took = [case_faults.kill_one_holder(world) for _ in range(3)]
    world.note(f"next tag after {min(took):.2f} to {max(took):.2f} s")


# --- Who is there ------------------------------------------------------------------------------


def others_of(world: World, node: Node) -> list[Node]:
    return [other for other in world.nodes if other.name != node.name and not other.may_end]


def await_presences(world: World, cluster: Cluster, at: str, names: str) -> dict[str, Any]:
    """That the agent there has of those nodes, and no others."""
    return world.wait(f"tags of {names} at {at}", TOLD, lambda: set(
        found := cluster.agents[at].presences()) == set(names) and found)


def check_abouts(abouts: dict[str, Any]) -> None:
    for about in abouts.values():
        check((about["groups"], about["tags"]) == (["g"], {"site": "north"}), f"told: {about}")
        check(isinstance(about["addresses"], list) and about["version"], f"it lacks: {about}")


def bring_back(world: World, name: str, after: float) -> Node:
    back = world.node(name)
    others = others_of(world, back)
    await_said(world, others, "join", "returned", name, after, TOLD)
    for other in others:  # when it has heard them
        await_said(world, [back], "join", "new", other.name, after, 10 * world.timing.turn_max)
    world.await_all_tagged([back])
    return back


@case(seconds=35)
def members_serf(world: World) -> None:
    """Tags tell what each node is, at each agent. Of one that is killed while its agent lives the tag
    stays until somebody removes it: then it is lost. One that ends has left, and its tag goes. Both
    return."""
    cluster = start_agents(world, "abc")
    nodes = world.group("abc", "--tag", "site=north")
    world.await_all_tagged(nodes)
    for node in nodes:
        check_said(world, others_of(world, node), node.name, 0, "new")
    for at in "abc":
        check_abouts(await_presences(world, cluster, at, "abc"))
    killed = nodes[1].kill()
    check("b" in cluster.agents["c"].presences(), "who has removed the tag of one that was killed?")
    cluster.agents["b"].remove_presence("b")
    told = await_said(world, [nodes[0], nodes[2]], "leave", "lost", "b", killed, TOLD)
    world.note(f"lost {told - killed:.1f} s after its tag")
    bring_back(world, "b", killed)
    ended = nodes[0].terminate()
    nodes[0].wait(2)
    await_said(world, others_of(world, nodes[0]), "leave", "left", "a", ended)
    await_presences(world, cluster, "c", "bc")
    bring_back(world, "a", ended)
    await_presences(world, cluster, "c", "abc")
    check_said(world, [nodes[2]], "a", 0, "new", "left", "returned")
    check_said(world, [nodes[2]], "b", 0, "new", "lost", "returned")


@case(seconds=60)
def lost_agent_serf(world: World) -> None:
    """The holder's agent is killed with -9, long before the cycle is over: when the other agents
    have noticed, the holder is lost, and another one leads within 2 gap; when the agent is back, it
    has returned, and its tag with it."""
    cluster = start_agents(world, "abc")
    world.timing = Timing(40.0, 0.5)
    nodes = world.group("abc")
    tag = world.await_event("tag", world.timing.rescue_max)
    holder, others = tag.node, [node for node in nodes if node is not tag.node]
    await_presences(world, cluster, others[0].name, "abc")
    killed = cluster.agents[holder.name].kill()
    lost = await_said(world, others, "leave", "lost", holder.name, killed, MISSED)
    world.await_event("untag", DOWN, after=killed, node=holder)
    taken = world.await_event("tag", 2 * world.timing.gap + ALLOWANCE, after=killed, but=holder)
    world.note(f"lost {lost - killed:.1f} s after the kill, the next tag {taken.mono - lost:.2f} s "
               "after that")
    check(taken.mono - lost < 2 * world.timing.gap + ALLOWANCE, "too late")
    back = now()
    cluster.start(holder.name)
    await_said(world, others, "join", "returned", holder.name, back, TOLD)
    await_presences(world, cluster, others[0].name, "abc")
    for node in others:
        check_said(world, [node], holder.name, 0, "new", "lost", "returned")


# --- Agents ------------------------------------------------------------------------------------


def check_others_go_on(world: World, lost: Node, at: float) -> None:
    others = [node for node in world.nodes if node is not lost]
    world.await_all_tagged(others, after=at)
    world.check_turns(at, world.await_turns(4, after=at)[-1].mono + ALLOWANCE)
    check(not [event for event in world.events("link-down", at) if event.node is not lost],
          "others say that their link is down")


def check_returns(world: World, node: Node, at: float) -> None:
    up = world.await_event("link-up", BACK, after=at, node=node)
    check(up.mono - at < BACK, f"link-up only {up.mono - at:.2f} s after the agent")
    world.await_event("tag", 10 * world.timing.turn_max, after=at, node=node)
    world.note(f"link-up {max(0.0, up.mono - at):.2f} s after the agent")


@case(seconds=40)
def kill_agent_serf(world: World) -> None:
    """The holder's agent is killed with -9: it says link-down within 2 s and gives up, the others
    go on; when the agent is back it is up within 2 s, and has turns."""
    cluster = start_agents(world, "abc")
    nodes = world.group("abc")
    world.await_all_tagged(nodes)
    holder = world.next_tag().node
    agent = cluster.agents[holder.name]
    killed = agent.kill()
    down = world.await_event("link-down", DOWN, after=killed, node=holder)
    check(down.mono - killed < DOWN, f"it says so after {down.mono - killed:.2f} s")
    end = world.await_event("untag", DOWN, after=killed, node=holder)
    check(end["reason"] == "link", f"the tag ended by {end.data}")
    world.note(f"link-down after {1000 * (down.mono - killed):.0f} ms")
    check_others_go_on(world, holder, killed)
    at = now()
    cluster.start(holder.name)
    check_returns(world, holder, at)


@case(seconds=45)
def freeze_agent_serf(world: World) -> None:
    """The holder's agent is frozen: the holder gives up by the lease (L1) or as its link is down,
    the others go on; it comes back with the agent."""
    cluster = start_agents(world, "abc")
    world.timing = Timing(6.0, 0.5)
    world.group("abc", "--keepalive", "1")
    holder = world.next_tag().node
    agent = cluster.agents[holder.name]
    frozen = agent.freeze()
    end = world.await_event("untag", 1.0, after=frozen, node=holder)
    check(end["reason"] in ("lease", "link"), f"the tag ended by {end.data}")
    check(end.mono - frozen < 1.0 + ALLOWANCE, f"it led for {end.mono - frozen:.2f} s more")
    down = world.await_event("link-down", 1.5, after=frozen, node=holder)
    check(down.mono - frozen < 1.5 + ALLOWANCE, f"it says so after {down.mono - frozen:.2f} s")
    world.note(f"untag after {end.mono - frozen:.2f} s, link-down after {down.mono - frozen:.2f} s")
    world.await_event("tag", world.timing.rescue_max, after=frozen, but=holder)
    thawed = agent.thaw()
    check_returns(world, holder, thawed)


# --- The network between them ------------------------------------------------------------------


@case(seconds=60)
def split_serf(world: World) -> None:
    """Four hosts with an agent each, two and two of which are apart for five cycles: each side has
    its turns; when the agents have met again both report it, and share one rotation."""
    world.overlap_allowed = float("inf")  # two islands have a holder each
    lan = Lan(4)
    world.stack.callback(lan.close)
    cluster = start_agents(world, "abcd", lan.hosts)
    world.places = {name: host.prefix for name, host in zip("abcd", lan.hosts)}
    nodes = world.group("abcd")
    world.await_all_tagged(nodes)
    check(not list(referee.overlaps(nodes)), "two are tagged before the split")
    lan.split({1, 2}, {3, 4})
    sides, apart = (nodes[:2], nodes[2:]), now()
    for side in sides:
        await_own_turns(world, side, apart)
    world.wait("split of the agents", 20, lambda: cluster.agents["a"].known() == 2)
    lan.heal()
    healed = cluster.await_together()
    check_one_rotation(world, nodes, healed)
    for side in sides:
        check(any(world.events("recover", apart, node) for node in side),
              f"none of {' '.join(node.name for node in side)} reports that the islands have met")
    late = [node.name for node in nodes if node.said("came too late")]
    world.note(f"what was old was dropped by {' '.join(late) or 'none'}")
