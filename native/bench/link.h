/* One TCP connection, with TLS or without. */

#ifndef EXOSWITCH_BENCH_LINK_H
#define EXOSWITCH_BENCH_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_ctx_st;
struct ssl_st;

struct link {
    int fd;
    struct ssl_st *ssl; /* NULL without TLS */
};

/* Take a connected socket; false if TLS cannot be begun. `tls` is NULL without TLS. */
bool link_open(struct link *link, int fd, struct ssl_ctx_st *tls, bool is_server);

/* Read or write what is possible now: a number of bytes, 0 if the socket would block, -1 if the connection is gone. */
ssize_t link_read(struct link *link, void *data, size_t size);
ssize_t link_write(struct link *link, const void *data, size_t size);

/* Whether data was read from the socket that `link_read` has not given yet; the socket does not become ready for it. */
bool link_has_more(const struct link *link);

void link_close(struct link *link);

#endif
