/* Bytes that wait, in memory that grows as they need it. */

#ifndef EXOSWITCH_BYTES_H
#define EXOSWITCH_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t count, room;
};

/* Add a copy of these bytes at the end; false if there is no memory. */
bool bytes_add(struct bytes *bytes, const uint8_t *data, size_t count);

/* Drop so many from the start; much room is given back with the last of them. */
void bytes_drop(struct bytes *bytes, size_t count);

/* Drop all, and give back the room. */
void bytes_free(struct bytes *bytes);

#endif
