/* One call's UDP socket, which the plane reads and writes; see RtpEndpoint in exoswitch/rtp/endpoint.py. */

#ifndef EXOSWITCH_ENDPOINT_H
#define EXOSWITCH_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"

struct endpoint {
    int handle;            /* -1: the call has a wire in Python instead */
    bool has_peer;         /* the socket is connected */
    bool has_wanted;       /* the socket is to be connected */
    struct address peer;   /* the address it is connected to */
    struct address wanted; /* the address it is to be connected to */
    int64_t send_errors;   /* packets that the kernel refused */
};

/* Let the kernel drop datagrams from all other addresses; those that wait already are still read.
 *
 * If it fails, it is tried again when a packet could be sent to the address. */
void endpoint_connect(struct endpoint *endpoint, struct address address);

/* Send a packet now or not at all. */
void endpoint_send(struct endpoint *endpoint, const uint8_t *packet, size_t size, struct address address);

/* Read a datagram; give its size, or -1 if there is none or if an earlier packet of ours met an error. */
ssize_t endpoint_receive(const struct endpoint *endpoint, uint8_t *data, size_t room, struct address *address);

#endif
