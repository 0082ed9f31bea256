// SPDX-License-Identifier: MIT
#include "message.h"

const char *drop_text(enum drop reason)
{
    switch (reason) {
    case DROP_NONE:
        return "none";
    case DROP_TOO_LONG:
        return "longer than 4096 bytes";
    case DROP_MALFORMED:
        return "not one whole CBOR item";
    case DROP_TRAILING:
        return "bytes after the map";
    case DROP_NOT_A_MAP:
        return "not a map";
    case DROP_KEY:
        return "a key that is not text or stands twice, or over 64 keys";
    case DROP_ENCODING:
        return "an item of indefinite length, with a tag, or not UTF-8";
    case DROP_TOO_DEEP:
        return "nested deeper than 8";
    case DROP_TYPE:
        return "no type, an unknown one, or one of another channel";
    case DROP_MISSING:
        return "a key is missing";
    case DROP_KIND:
        return "a value of a kind that its key cannot have";
    case DROP_BOUNDS:
        return "a number or a set of parameters out of bounds";
    case DROP_NAME:
        return "not a node's name";
    case DROP_VALUE:
        return "a value over 256 bytes, or of a kind that is not allowed";
    case DROP_HISTORY:
        return "a history that is empty, over 64 long, with a name twice, or not headed by its "
               "sender";
    case DROP_MEMBERS:
        return "a view of no members, of over 512, with a name twice, or more numbers than names";
    case DROP_LOCKED:
        return "new parameters, while ours are locked";
    case DROP_OWN_NAME:
        return "from another node of this node's name";
    case DROP_OVERRUN:
        return "not read in time";
    case DROP_COUNT:
        break;
    }
    return "?";
}
