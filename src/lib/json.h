// SPDX-License-Identifier: MIT
// Values and events as JSON.
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stddef.h>
#include <stdint.h>

// Reads a value: null, true, false, a finite number, a string, or an array of these, into at most
// `size` bytes of CBOR. 0, or -1 with a sentence.
int json_value_to_cbor(const char *json, uint8_t *buffer, size_t size, size_t *len, char *why,
                       size_t why_size);

// Writes a value that codec_check_value() has passed. 0, or -1 when `size` is too small or there is
// no memory. A byte string becomes the text "h'0a1b'".
int json_value_from_cbor(const uint8_t *cbor, size_t len, char *buffer, size_t size);

#endif
