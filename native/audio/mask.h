/* The mask of a client's WebSocket frames, RFC 6455 section 5.3. */

#ifndef EXOSWITCH_MASK_H
#define EXOSWITCH_MASK_H

#include <stddef.h>
#include <stdint.h>

/* Mask a whole payload in place, or unmask it. `key` has the four bytes in the order in which they are sent. */
void mask_payload(void *payload, size_t count, const uint8_t key[4]);

#endif
