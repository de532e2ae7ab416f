/* One TLS connection of a client, in memory: no socket, no Python. */

#include "connection.h"

#include <limits.h>
#include <stdlib.h>

#include "memory_bio.h"
#include "openssl.h"

enum {
    MOST_HELD_BYTES = 256 * 1024,      /* 10 s of audio at 8,000 Hz */
    MOST_ANSWERED_BYTES = 1024 * 1024, /* 38,000 requests for a new key */
};

struct tls {
    struct ssl_st *ssl;
    enum tls_state state;
    bool has_rest;     /* the record that was read last may have more data */
    struct bytes held; /* data that is encrypted once a message of TLS, which has come in part, is whole */
    size_t answered;   /* bytes that records without data have caused */
    struct memory_bio network;
    struct tls_check check;
    struct tls_failure failure;
};

static bool begin(struct tls *tls, struct tls_settings *settings, const char *host)
{
    const struct openssl *library = openssl();
    tls->ssl = library->new_ssl(settings->context);
    struct bio_st *bio = tls->ssl == NULL ? NULL : memory_bio_new(settings->memory, &tls->network);
    if (bio == NULL)
        return false;
    library->set_bio(tls->ssl, bio, bio);
    library->set_connect_state(tls->ssl);
    if (host != NULL) /* no certificate is valid for a name that cannot be asked for: it is too long, or empty */
        library->ctrl(tls->ssl, OPENSSL_HOST_NAME, 0, (void *)host);
    return tls_use_check(tls->ssl, &tls->check);
}

struct tls *tls_new(struct tls_settings *settings, const char *host, struct tls_check check)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return NULL;
    tls->check = check;
    openssl()->clear_error(); /* the queue of errors belongs to the thread, not to the connection */
    if (begin(tls, settings, host))
        return tls;
    openssl()->clear_error();
    tls_free(tls);
    return NULL;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->ssl != NULL)
        openssl()->free_ssl(tls->ssl);
    memory_bio_free(&tls->network);
    bytes_free(&tls->held);
    free(tls);
}

enum tls_state tls_state(const struct tls *tls)
{
    return tls->state;
}

const struct tls_failure *tls_failure(const struct tls *tls)
{
    return &tls->failure;
}

bool tls_feed(struct tls *tls, const uint8_t *records, size_t count)
{
    return memory_bio_feed(&tls->network, records, count);
}

void tls_end_of_network(struct tls *tls)
{
    tls->network.has_ended = true;
}

/* Note how an operation ended that gave no data. */
static void note(struct tls *tls, int result)
{
    int error = openssl()->get_error(tls->ssl, result);
    if (error == OPENSSL_HAS_CLOSED && tls->state == TLS_OPEN) {
        tls->state = TLS_CLOSED;
    } else if (error != OPENSSL_WANTS_READ && error != OPENSSL_WANTS_WRITE) {
        tls->state = TLS_FAILED;
        tls_failure_take(&tls->failure);
    }
}

enum tls_state tls_do_handshake(struct tls *tls)
{
    if (tls->state == TLS_HANDSHAKE) {
        openssl()->clear_error();
        int result = openssl()->do_handshake(tls->ssl);
        if (result == 1) {
            tls->state = TLS_OPEN;
            memory_bio_limit(&tls->network);
        } else {
            note(tls, result);
        }
    }
    return tls->state;
}

/* Encrypt what can be encrypted now; give how many bytes that were. */
static size_t encrypt(struct tls *tls, const uint8_t *data, size_t count)
{
    size_t done = 0;
    while (done < count) {
        size_t left = count - done;
        openssl()->clear_error();
        int result = openssl()->write(tls->ssl, data + done, left > INT_MAX ? INT_MAX : (int)left);
        if (result <= 0) {
            note(tls, result);
            break;
        }
        done += (size_t)result;
    }
    return done;
}

/* After a record without data: encrypt what is held, and bound what such records cause if nobody reads it. */
static void go_on(struct tls *tls, size_t unsent_before)
{
    tls->answered += tls->network.unsent.count - unsent_before;
    if (tls->held.count > 0)
        bytes_drop(&tls->held, encrypt(tls, tls->held.data, tls->held.count));
    if (tls->answered > MOST_ANSWERED_BYTES)
        tls->state = TLS_FAILED;
}

/* Read the rest of a record, or the next one, if it has come. */
static ptrdiff_t read_record(struct tls *tls, uint8_t *data, int room)
{
    if (!tls->has_rest && !memory_bio_allow_record(&tls->network) && !tls->network.has_ended)
        return 0;
    size_t unsent = tls->network.unsent.count;
    openssl()->clear_error();
    int result = openssl()->read(tls->ssl, data, room);
    tls->has_rest = result == room;
    if (result > 0)
        return result;
    note(tls, result);
    if (tls->state == TLS_OPEN)
        go_on(tls, unsent);
    return TLS_READ_NO_DATA;
}

ptrdiff_t tls_read(struct tls *tls, uint8_t *data, size_t room)
{
    ptrdiff_t result = 0;
    if (tls_do_handshake(tls) == TLS_OPEN && room > 0)
        result = read_record(tls, data, room > INT_MAX ? INT_MAX : (int)room);
    if (result > 0)
        return result;
    return tls->state == TLS_FAILED ? TLS_READ_FAILED : tls->state == TLS_CLOSED ? TLS_READ_CLOSED : result;
}

bool tls_write(struct tls *tls, const uint8_t *data, size_t count)
{
    if (tls->state == TLS_HANDSHAKE || tls->state == TLS_FAILED)
        return false;
    size_t done = tls->held.count > 0 ? 0 : encrypt(tls, data, count);
    if (tls->held.count + (count - done) > MOST_HELD_BYTES || !bytes_add(&tls->held, data + done, count - done))
        tls->state = TLS_FAILED;
    return tls->state != TLS_FAILED;
}

bool tls_close(struct tls *tls)
{
    if (tls->state == TLS_HANDSHAKE || tls->state == TLS_FAILED)
        return false;
    openssl()->clear_error();
    bool is_closed = openssl()->shutdown(tls->ssl) == 1;
    openssl()->clear_error();
    return is_closed;
}

const uint8_t *tls_unsent(const struct tls *tls, size_t *count)
{
    *count = tls->network.unsent.count;
    return tls->network.unsent.data;
}

void tls_sent(struct tls *tls, size_t count)
{
    bytes_drop(&tls->network.unsent, count);
}

const char *tls_version(const struct tls *tls)
{
    return openssl()->get_version(tls->ssl);
}
