/* The alphabet of base64, RFC 4648 section 4. */

#ifndef EXOSWITCH_ALPHABET_H
#define EXOSWITCH_ALPHABET_H

#include <stdint.h>

enum { BASE64_INVALID = 0xFF };

extern const char BASE64_ALPHABET[];
extern uint8_t base64_values[256]; /* of each character, or BASE64_INVALID; filled once, at load */

#endif
