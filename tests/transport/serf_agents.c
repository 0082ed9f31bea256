// SPDX-License-Identifier: MIT
#include "serf_agents.h"
#include "host.h"
#include "process.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 128, WORDS_BYTES = 2000, TRIES = 1000, PAUSE_MS = 10 };

static const char *path_of(const struct serf_agents *agents, int number, const char *what)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%d.%s", agents->directory, number, what);
    return path;
}

// --- Their files and ports ---------------------------------------------------------------------

// Gossip is UDP and TCP.
static int free_gossip_port(void)
{
    int port;
    do {
        port = free_port(SOCK_DGRAM);
    } while (is_listening(port));
    return port;
}

void serf_agents_init(struct serf_agents *agents, const char *profile)
{
    *agents = (struct serf_agents){.directory = "/tmp/test-serf-XXXXXX", .profile = profile};
    ck_assert_ptr_nonnull(mkdtemp(agents->directory));
    for (int i = 0; i < SERF_AGENTS_MAX; i++) {
        agents->all[i].gossip_port = free_gossip_port();
        agents->all[i].rpc_port = free_port(SOCK_STREAM);
    }
}

// Those that run: who tries again later, while events are under way, takes these for old ones.
static void write_others(const struct serf_agents *agents, int number, FILE *file)
{
    const char *comma = "";
    fprintf(file, ", \"retry_interval\": \"1s\", \"retry_join\": [");
    for (int i = 0; i < SERF_AGENTS_MAX; i++) {
        if (i != number && agents->all[i].pid != 0) {
            fprintf(file, "%s\"127.0.0.1:%d\"", comma, agents->all[i].gossip_port);
            comma = ", ";
        }
    }
    fprintf(file, "]");
}

static const char *write_configuration(const struct serf_agents *agents, int number,
                                       const char *more)
{
    const struct serf_agent *agent = &agents->all[number];
    const char *path = path_of(agents, number, "json");
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "{\"node_name\": \"agent-%d\", \"bind\": \"127.0.0.1:%d\", \"rpc_addr\": "
            "\"127.0.0.1:%d\", \"profile\": \"%s\", "
            "\"encrypt_key\": \"dGhpcyBpcyBhIGtleSBmb3IgYSB0ZXN0LCAzMiBieXQ=\"%s",
            number, agent->gossip_port, agent->rpc_port, agents->profile, more);
    if (strstr(more, "rpc_auth") == NULL) {
        fprintf(file, ", \"rpc_auth\": \"the key, of \\\"this\\\" test\"");
    }
    if (!agents->apart) {
        write_others(agents, number, file);
    }
    fprintf(file, "}\n");
    fclose(file);
    return path;
}

// --- Running them ------------------------------------------------------------------------------

// Its own commands, by which it is asked.
static bool ask(const struct serf_agents *agents, int number, const char *const question[4],
                const char *output)
{
    static const char key[] = "-rpc-auth=" SERF_KEY;
    char address[64];
    snprintf(address, sizeof address, "-rpc-addr=127.0.0.1:%d", agents->all[number].rpc_port);
    return try_program(
        (const char *const[]){"serf", question[0], address, key, question[1], question[2], NULL},
        output);
}

static int count_lines(const char *path)
{
    int count = 0;
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        count += c == '\n';
    }
    fclose(file);
    return count;
}

// How many it knows to be alive, itself included.
static int count_known(const struct serf_agents *agents, int number)
{
    const char *path = path_of(agents, number, "known");
    unlink(path);
    return ask(agents, number, (const char *const[4]){"members", "-status=alive"}, path)
               ? count_lines(path)
               : 0;
}

static bool are_together(const struct serf_agents *agents)
{
    int running = 0;
    for (int i = 0; i < SERF_AGENTS_MAX; i++) {
        running += agents->all[i].pid != 0;
    }
    for (int i = 0; i < SERF_AGENTS_MAX; i++) {
        if (agents->all[i].pid != 0 && count_known(agents, i) < running) {
            return false;
        }
    }
    return true;
}

// The end of what an agent has said.
static const char *last_words(const struct serf_agents *agents, int number)
{
    static char words[WORDS_BYTES];
    FILE *file = fopen(path_of(agents, number, "log"), "r");
    if (file == NULL) {
        return "nothing";
    }
    if (fseek(file, -(WORDS_BYTES - 1), SEEK_END) != 0) {
        rewind(file); // it is shorter
    }
    words[fread(words, 1, sizeof words - 1, file)] = '\0';
    fclose(file);
    return words;
}

void serf_agents_run(struct serf_agents *agents, int number, const char *more)
{
    struct serf_agent *agent = &agents->all[number];
    char configuration[PATH_BYTES];
    const char *arguments[] = {"serf", "agent", "-config-file", configuration, NULL};
    int tries = 0;
    snprintf(configuration, sizeof configuration, "%s", write_configuration(agents, number, more));
    agent->pid = spawn(arguments, path_of(agents, number, "log"));
    while (!is_listening(agent->rpc_port) || (!agents->apart && !are_together(agents))) {
        ck_assert_msg(waitpid(agent->pid, NULL, WNOHANG) == 0, "the agent has ended: %s",
                      last_words(agents, number));
        ck_assert_msg(++tries < TRIES, "the agents do not find each other: %s",
                      last_words(agents, number));
        poll(NULL, 0, PAUSE_MS);
    }
}

void serf_agents_signal(const struct serf_agents *agents, int number, int signal)
{
    pid_t pid = agents->all[number].pid;
    ck_assert_int_eq(kill(pid, signal), 0);
    if (signal == SIGSTOP) { // an agent has many threads
        ck_assert_int_eq(waitpid(pid, NULL, WUNTRACED), pid);
    }
}

void serf_agents_kill(struct serf_agents *agents, int number)
{
    struct serf_agent *agent = &agents->all[number];
    if (agent->pid != 0) {
        serf_agents_signal(agents, number, SIGKILL);
        waitpid(agent->pid, NULL, 0);
        agent->pid = 0;
    }
}

void serf_agents_join(const struct serf_agents *agents, int number, int other)
{
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", agents->all[other].gossip_port);
    ck_assert(ask(agents, number, (const char *const[4]){"join", address}, NULL));
}

void serf_agents_remove(struct serf_agents *agents)
{
    for (int i = 0; i < SERF_AGENTS_MAX; i++) {
        serf_agents_kill(agents, i);
    }
    ck_assert(remove_tree(agents->directory));
}
