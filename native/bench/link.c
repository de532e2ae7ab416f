/* One TCP connection, with TLS or without. */

#include "link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openssl.h"

bool link_open(struct link *link, int fd, struct ssl_ctx_st *tls, bool is_server)
{
    link->fd = fd;
    link->ssl = NULL;
    if (tls == NULL)
        return true;
    link->ssl = openssl()->new_ssl(tls);
    if (link->ssl == NULL || openssl()->set_fd(link->ssl, fd) != 1)
        return false;
    if (is_server)
        openssl()->set_accept_state(link->ssl);
    else
        openssl()->set_connect_state(link->ssl);
    return true;
}

static ssize_t tls_result(const struct link *link, int result)
{
    if (result > 0)
        return result;
    int error = openssl()->get_error(link->ssl, result);
    openssl()->clear_error(); /* the queue of errors belongs to the thread, not to the connection */
    return error == OPENSSL_WANTS_READ || error == OPENSSL_WANTS_WRITE ? 0 : -1;
}

static ssize_t socket_result(ssize_t result)
{
    if (result > 0)
        return result;
    return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

ssize_t link_read(struct link *link, void *data, size_t size)
{
    if (link->ssl != NULL)
        return tls_result(link, openssl()->read(link->ssl, data, (int)size));
    return socket_result(recv(link->fd, data, size, 0));
}

ssize_t link_write(struct link *link, const void *data, size_t size)
{
    if (link->ssl != NULL)
        return tls_result(link, openssl()->write(link->ssl, data, (int)size));
    return socket_result(send(link->fd, data, size, MSG_NOSIGNAL));
}

bool link_has_more(const struct link *link)
{
    return link->ssl != NULL && openssl()->has_pending(link->ssl) == 1;
}

void link_close(struct link *link)
{
    if (link->ssl != NULL)
        openssl()->free_ssl(link->ssl);
    if (link->fd >= 0)
        close(link->fd);
    link->ssl = NULL;
    link->fd = -1;
}
