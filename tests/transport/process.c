// SPDX-License-Identifier: MIT
#include "process.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t spawn(const char *const arguments[], const char *output)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        int out = output != NULL ? open(output, O_WRONLY | O_CREAT | O_APPEND, 0600) : null;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
        execvp(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    return pid;
}

bool try_program(const char *const arguments[], const char *output)
{
    int status = -1;
    waitpid(spawn(arguments, output), &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void run_program(const char *const arguments[])
{
    ck_assert_msg(try_program(arguments, NULL), "%s failed", arguments[0]);
}

bool is_listening(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return listens;
}
