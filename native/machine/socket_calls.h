/* `send` and `recv` without what glibc adds to them in a process with threads: they can be no points of cancellation.
 *
 * No thread of the media plane is cancelled, and that part took 4 % of the time of a call. */

#ifndef EXOSWITCH_SOCKET_CALLS_H
#define EXOSWITCH_SOCKET_CALLS_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline ssize_t socket_send_to(int handle, const void *data, size_t count, const struct sockaddr *to,
                                     socklen_t size)
{
    return syscall(SYS_sendto, handle, data, count, MSG_DONTWAIT | MSG_NOSIGNAL, to, size);
}

static inline ssize_t socket_send(int handle, const void *data, size_t count)
{
    return socket_send_to(handle, data, count, NULL, 0);
}

static inline ssize_t socket_receive_from(int handle, void *data, size_t room, struct sockaddr *from, socklen_t *size)
{
    return syscall(SYS_recvfrom, handle, data, room, MSG_DONTWAIT, from, size);
}

static inline ssize_t socket_receive(int handle, void *data, size_t room)
{
    return socket_receive_from(handle, data, room, NULL, NULL);
}

#endif
