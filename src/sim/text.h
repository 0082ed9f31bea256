// SPDX-License-Identifier: MIT
// What an engine sends, reports and decides, as one line for people and for comparing:
// "> TYPE NAMES" is sent, "EVENT ..." reported, "  RULE ..." decided, "! REASON" dropped.
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include "core/engine.h"

enum { TEXT_MAX = 10240 }; // the longest: recover, with two rings

// Ends in NUL; returns the length.
size_t text_effect(char text[TEXT_MAX], const struct effect *effect);

#endif
