// SPDX-License-Identifier: MIT
// The table of errors, and the version.
#include "asyncactor/actor.h"

const char *actor_strerror(int error)
{
    switch ((enum actor_error)error) {
    case ACTOR_OK:
        return "no error";
    case ACTOR_EINVAL:
        return "an argument is not allowed";
    case ACTOR_ENOMEM:
        return "no memory";
    case ACTOR_ESTATE:
        return "not possible in this state";
    case ACTOR_EIO:
        return "the transport cannot work";
    case ACTOR_EUNSUPPORTED:
        return "this transport cannot do that";
    }
    return "unknown error";
}

const char *actor_version(void)
{
    return PACKAGE_VERSION;
}
