/* The connection below a bot's WebSocket while the media plane reads and writes it, in the place of Twisted. */

#include "bot_link.h"

#include <errno.h>
#include <sys/epoll.h>

#include "connection.h"
#include "openssl.h"
#include "socket_calls.h"

enum { NO_DATA_RECORDS = 16 }; /* of a share, for one record without data */

void bot_link_init(struct bot_link *link, int handle, struct tls *tls)
{
    if (tls != NULL)
        openssl(); /* its functions are found before a thread that ticks asks for them */
    *link = (struct bot_link){.handle = handle, .tls = tls, .is_readable = true, .has_records = tls != NULL};
}

void bot_link_free(struct bot_link *link)
{
    bytes_free(&link->unsent);
}

void bot_link_note(struct bot_link *link, uint32_t events)
{
    link->is_readable = link->is_readable || events != 0;
    link->is_ending = link->is_ending || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

void bot_link_break(struct bot_link *link)
{
    link->has_ended = true;
    shutdown(link->handle, SHUT_RDWR); /* Python, which takes the socket back, finds its end */
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* --- reading */

static size_t receive(struct bot_link *link, uint8_t *data, size_t most)
{
    ssize_t count = socket_receive(link->handle, data, most);
    if (count <= 0) {
        link->has_ended = count == 0 || !would_block();
        link->is_readable = false;
        return 0;
    }
    /* A full read may have left data; behind the other side's last bytes, the end itself is still to be read. */
    link->is_readable = (size_t)count == most || link->is_ending;
    return (size_t)count;
}

/* Decrypt the records that have come, within the share: what is left of them is first in the next tick. */
static size_t decrypt(struct bot_link *link, struct bot_link_share share, uint8_t *data)
{
    size_t count = 0;
    link->has_records = true;
    while (link->has_records && count < share.bytes && share.records > 0) {
        ptrdiff_t more = tls_read(link->tls, data + count, share.bytes - count);
        if (more > 0) {
            count += (size_t)more;
            share.records--;
        } else if (more == TLS_READ_NO_DATA) {
            share.records -= NO_DATA_RECORDS;
            tls_unsent(link->tls, &link->waiting); /* it may be answered */
        } else {
            link->has_records = false;
            link->has_ended = link->has_ended || more != 0;
        }
    }
    return count;
}

size_t bot_link_read(struct bot_link *link, struct bot_link_share share, uint8_t *data,
                     uint8_t records[BOT_LINK_READ_BYTES])
{
    if (share.bytes > BOT_LINK_READ_BYTES)
        share.bytes = BOT_LINK_READ_BYTES;
    if (link->handle < 0 || (!link->is_readable && !link->has_records))
        return 0;
    if (link->tls == NULL)
        return receive(link, data, share.bytes);
    if (!link->has_records) {
        size_t came = receive(link, records, share.bytes);
        if (came == 0)
            return 0;
        if (!tls_feed(link->tls, records, came))
            bot_link_break(link);
    }
    return decrypt(link, share, data);
}

/* --- writing */

bool bot_link_takes(const struct bot_link *link)
{
    return !link->has_ended && link->waiting <= BOT_LINK_UNSENT_BYTES;
}

/* Send as much as the network takes; give how much that was. */
static size_t send_now(struct bot_link *link, const uint8_t *data, size_t count)
{
    ssize_t sent = socket_send(link->handle, data, count);
    if (sent >= 0)
        return (size_t)sent;
    link->has_ended = link->has_ended || !would_block();
    return 0;
}

static void send_records(struct bot_link *link)
{
    const uint8_t *records = tls_unsent(link->tls, &link->waiting);
    size_t sent = send_now(link, records, link->waiting);
    tls_sent(link->tls, sent);
    link->waiting -= sent;
}

void bot_link_write(struct bot_link *link, const uint8_t *data, size_t count)
{
    bool is_first = link->waiting == 0;
    if (link->tls != NULL) {
        link->has_ended = !tls_write(link->tls, data, count) || link->has_ended;
        tls_unsent(link->tls, &link->waiting);
        if (is_first)
            send_records(link);
        return;
    }
    size_t sent = is_first ? send_now(link, data, count) : 0;
    if (sent < count && !bytes_add(&link->unsent, data + sent, count - sent))
        bot_link_break(link);
    link->waiting = link->unsent.count;
}

void bot_link_flush(struct bot_link *link)
{
    if (link->waiting == 0)
        return;
    if (link->tls != NULL) {
        send_records(link);
        return;
    }
    bytes_drop(&link->unsent, send_now(link, link->unsent.data, link->unsent.count));
    link->waiting = link->unsent.count;
}
