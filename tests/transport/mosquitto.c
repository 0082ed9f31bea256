// SPDX-License-Identifier: MIT
// Starting and ending mosquitto for the tests of the MQTT transport.
#include "mosquitto.h"
#include "host.h"
#include "process.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

void mosquitto_init(struct mosquitto *broker)
{
    *broker =
        (struct mosquitto){.directory = "/tmp/test-mqtt-XXXXXX", .port = free_port(SOCK_STREAM)};
    ck_assert_ptr_nonnull(mkdtemp(broker->directory));
}

const char *mosquitto_file(const struct mosquitto *broker, const char *name, const char *content)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", broker->directory, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    fclose(file);
    return path;
}

void mosquitto_run(struct mosquitto *broker, const char *lines)
{
    char configuration[1024];
    snprintf(configuration, sizeof configuration, "user root\nlistener %d 127.0.0.1\n%s",
             broker->port, lines);
    const char *path = mosquitto_file(broker, "mosquitto.conf", configuration);
    broker->pid = spawn((const char *const[]){"mosquitto", "-c", path, NULL}, NULL);
    for (int tries = 0; !is_listening(broker->port); tries++) {
        ck_assert_int_lt(tries, 1000);
        poll(NULL, 0, 5);
    }
}

void mosquitto_signal(const struct mosquitto *broker, int signal)
{
    ck_assert_int_eq(kill(broker->pid, signal), 0);
}

void mosquitto_kill(struct mosquitto *broker)
{
    if (broker->pid > 0) {
        mosquitto_signal(broker, SIGKILL);
        waitpid(broker->pid, NULL, 0);
        broker->pid = 0;
    }
}

void mosquitto_remove(struct mosquitto *broker)
{
    mosquitto_kill(broker);
    run_program((const char *const[]){"rm", "-r", broker->directory, NULL});
}
