// SPDX-License-Identifier: MIT
// What the engine decides and why a tag ends, in words: for the log, for events and traces.
#include "engine.h"

const char *note_text(enum note note)
{
    switch (note) {
    case NOTE_JOIN_LISTEN:
        return "J1: link is up -> listen";
    case NOTE_JOIN_FIRST:
        return "J1: nobody spoke -> begin";
    case NOTE_JOIN_RING:
        return "J1: heard a turn -> take its ring";
    case NOTE_COPY:
        return "R1: a copy of the head's beacon -> only the timers start anew";
    case NOTE_AGAIN:
        return "R1: the head takes another turn -> follow";
    case NOTE_NEXT:
        return "R2: the next turn -> follow";
    case NOTE_WILLING:
        return "R2: willing hand-over -> follow, and keep the tag to its end";
    case NOTE_MISSED:
        return "R3: beacons were missed -> follow";
    case NOTE_COLLISION_WON:
        return "R4: collision, and the head is better -> the head stays";
    case NOTE_COLLISION_LOST:
        return "R4: collision, and the new one is better -> it is the head";
    case NOTE_LATE_TURN:
        return "R4: no collision, it is late -> the next turn";
    case NOTE_OBEY:
        return "R5: pending, and a better head is told of -> obey";
    case NOTE_OLD_NEWS:
        return "R6: old news -> nothing";
    case NOTE_ISLANDS_WON:
        return "R7: two islands have met, and mine is better -> mine stays";
    case NOTE_ISLANDS_LOST:
        return "R7: two islands have met, and the other is better -> take its ring";
    case NOTE_SUSPENDED:
        return "J4: woke late -> silent for one gap";
    case NOTE_OWN_NAME:
        return "J5: another node has my name -> say who I am";
    case NOTE_PARAMS_OLD:
        return "V1: older parameters -> answer with mine";
    case NOTE_NO_PROOF:
        return "L1: the link is not proven -> no tag";
    case NOTE_VIEW_NEW:
        return "S1: a new view -> it is the present one";
    case NOTE_VIEW_OTHER:
        return "S1: a lower view -> mine stays, and no index";
    case NOTE_VIEW_TOO_LONG:
        return "S2: more members than a message can name -> no view";
    case NOTE_VIEW_HEADLESS:
        return "S5: nobody may be index 1 -> no view";
    }
    return "?";
}

const char *untag_text(enum untag_reason reason)
{
    switch (reason) {
    case UNTAG_END:
        return "end";
    case UNTAG_HANDOVER:
        return "handover";
    case UNTAG_DISABLED:
        return "disabled";
    case UNTAG_LEASE:
        return "lease";
    case UNTAG_SUSPEND:
        return "suspend";
    case UNTAG_LINK:
        return "link";
    case UNTAG_STOP:
        return "stop";
    }
    return "?";
}

const char *member_text(enum member_reason reason)
{
    switch (reason) {
    case MEMBER_NEW:
        return "new";
    case MEMBER_RETURNED:
        return "returned";
    case MEMBER_LEFT:
        return "left";
    case MEMBER_LOST:
        return "lost";
    case MEMBER_EXPIRED:
        return "expired";
    }
    return "?";
}
