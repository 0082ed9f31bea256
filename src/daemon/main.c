// SPDX-License-Identifier: MIT
// actord: an agent that takes this node's turns in its groups.
#include "daemon.h"

int main(int argc, char **argv)
{
    return daemon_main(argc, argv);
}
