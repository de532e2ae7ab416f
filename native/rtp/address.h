/* The address of the other end of a call's RTP. */

#ifndef EXOSWITCH_ADDRESS_H
#define EXOSWITCH_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* An IPv4 address and a port, both in network byte order, as in `struct sockaddr_in`. */
struct address {
    uint32_t host;
    uint16_t port;
};

static inline bool address_equals(struct address one, struct address other)
{
    return one.host == other.host && one.port == other.port;
}

#endif
