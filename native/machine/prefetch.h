/* Memory that is asked for before it is used: it comes to the cache while the processor does something else. */

#ifndef EXOSWITCH_PREFETCH_H
#define EXOSWITCH_PREFETCH_H

#include <stddef.h>

enum { CACHE_LINE_BYTES = 64 }; /* of x86-64 and aarch64 */

static inline void prefetch(const void *data, size_t count)
{
    const char *from = data;
    for (size_t at = 0; at < count; at += CACHE_LINE_BYTES)
        __builtin_prefetch(from + at, 1);
    __builtin_prefetch(from + count - 1, 1);
}

#endif
