/* One call's UDP socket, which the plane reads and writes; see RtpEndpoint in exoswitch/rtp/endpoint.py. */

#include "endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "socket_calls.h"

static struct sockaddr_in in_kernel(struct address address)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = address.port,
        .sin_addr.s_addr = address.host,
    };
}

void endpoint_connect(struct endpoint *endpoint, struct address address)
{
    struct sockaddr_in there = in_kernel(address);
    endpoint->has_wanted = true;
    endpoint->wanted = address;
    endpoint->peer = address;
    endpoint->has_peer =
        address.host != 0 && connect(endpoint->handle, (const struct sockaddr *)&there, sizeof there) == 0;
}

void endpoint_send(struct endpoint *endpoint, const uint8_t *packet, size_t size, struct address address)
{
    ssize_t sent;
    bool is_peer = endpoint->has_peer && address_equals(address, endpoint->peer);
    if (is_peer) {
        sent = socket_send(endpoint->handle, packet, size);
    } else {
        struct sockaddr_in there = in_kernel(address);
        if (address.host == 0) { /* the kernel would send it to this machine */
            endpoint->send_errors++;
            return;
        }
        sent = socket_send_to(endpoint->handle, packet, size, (const struct sockaddr *)&there, sizeof there);
    }
    if (sent < 0) {
        /* Refused: an earlier packet found Asterisk's port closed, so the call is at its end. */
        endpoint->send_errors += errno != ECONNREFUSED;
    } else if (!is_peer && endpoint->has_wanted && address_equals(address, endpoint->wanted)) {
        endpoint_connect(endpoint, address);
    }
}

ssize_t endpoint_receive(const struct endpoint *endpoint, uint8_t *data, size_t room, struct address *address)
{
    struct sockaddr_in there;
    socklen_t size = sizeof there;
    ssize_t received = socket_receive_from(endpoint->handle, data, room, (struct sockaddr *)&there, &size);
    if (received >= 0)
        *address = (struct address){.host = there.sin_addr.s_addr, .port = there.sin_port};
    return received;
}
