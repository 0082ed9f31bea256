// SPDX-License-Identifier: MIT
// Serf before the suite for all transports: each end has a real agent of its own.
#include "conformance.h"
#include "fake_agent.h"
#include "serf_agents.h"
#include "transports/transports.h"

#include <signal.h>
#include <string.h>

static struct serf_agents agents;

static void make_agents(void)
{
    serf_agents_init(&agents, "lan");
}

static void remove_agents(void)
{
    serf_agents_remove(&agents);
}

static void write_address(int end, struct actor_transport_config *config)
{
    config->address = "127.0.0.1";
    config->port = agents.all[end].rpc_port;
    config->password = SERF_KEY;
}

static void start_agent(int end)
{
    if (agents.all[end].pid == 0) {
        serf_agents_run(&agents, end, "");
    }
}

static void kill_agent(int end)
{
    serf_agents_kill(&agents, end);
}

static void freeze_agent(int end)
{
    serf_agents_signal(&agents, end, SIGSTOP);
}

static void thaw_agent(int end)
{
    serf_agents_signal(&agents, end, SIGCONT);
}

// --- An agent that means harm ------------------------------------------------------------------

static struct fake_agent hostile;

static void become_hostile(struct host *host)
{
    fake_agent_start(&hostile, &host->loop);
    host->config.address = "127.0.0.1";
    host->config.port = hostile.port;
}

static void send_hostile(const void *bytes, size_t len)
{
    fake_agent_send(&hostile, bytes, len);
}

static size_t write_event(const char *group, const char *payload, void *out, size_t size)
{
    static uint64_t time;
    char name[128];
    snprintf(name, sizeof name, "actor.%s", group);
    return fake_agent_write_event(&hostile, name, ++time, payload, out, size);
}

static void end_hostility(void)
{
    fake_agent_stop(&hostile);
}

static const struct conformance fixture = {
    .name = "serf",
    .ops = &transport_serf,
    .set_up = make_agents,
    .tear_down = remove_agents,
    .address = write_address,
    .start = start_agent,
    .kill = kill_agent,
    .freeze = freeze_agent,
    .thaw = thaw_agent,
    .own_servers = true,
    .hostile_begin = become_hostile,
    .hostile_send = send_hostile,
    .hostile_message = write_event,
    .hostile_end = end_hostility,
    .reorders = true,
    .merges_equal = true,
    .misses = 2, // one of 500 misses one of five agents (doc/actord.8)
    .window = 4, // gossip carries 32 of these a second to all without loss, whoever sends them
    .burst_count = 250,
    .burst_loss = LOSES_UNTOLD,
    .reader_keeps = 200,
    .reader_loss = LOSES_UNTOLD,
    .reader_beyond = 100,
    .delivery_ms = 4000,
    .up_ms = 1000,
    .down_ms = 2000,
    .frozen_ms = 2500,
    .return_ms = 2500,
    .told_ms = 8000, // an agent tells of a change a second later
    .gone_ms = 15000,
};

int main(void)
{
    return conformance_run(&fixture);
}
