/* Bytes that wait, in memory that grows as they need it. */

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 1024, KEPT_ROOM = 8192 };

bool bytes_add(struct bytes *bytes, const uint8_t *data, size_t count)
{
    if (count == 0)
        return true;
    size_t needed = bytes->count + count;
    if (needed > bytes->room) {
        size_t room = needed + needed / 2;
        room = room < LEAST_ROOM ? LEAST_ROOM : room;
        uint8_t *grown = realloc(bytes->data, room);
        if (grown == NULL)
            return false;
        bytes->data = grown;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->count, data, count);
    bytes->count = needed;
    return true;
}

void bytes_drop(struct bytes *bytes, size_t count)
{
    bytes->count -= count;
    if (bytes->count > 0)
        memmove(bytes->data, bytes->data + count, bytes->count);
    else if (bytes->room > KEPT_ROOM)
        bytes_free(bytes);
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}
