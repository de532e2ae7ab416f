/* One TLS connection of a client, in memory: no socket, no Python.
 *
 * Bytes of the network go in by `tls_feed` and out by `tls_unsent`; data goes in by `tls_write` and out by `tls_read`.
 * One thread at a time may use a connection. */

#ifndef EXOSWITCH_TLS_CONNECTION_H
#define EXOSWITCH_TLS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "settings.h"
#include "verification.h"

struct tls;

enum tls_state {
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_CLOSED, /* the other side sends no more data: it has said so, after the handshake */
    TLS_FAILED,
};

enum { TLS_READ_CLOSED = -1, TLS_READ_FAILED = -2, TLS_READ_NO_DATA = -3 };

/* Begin with a server; `host` is the name that it is asked for, NULL for an IP address. NULL: there is no memory. */
struct tls *tls_new(struct tls_settings *settings, const char *host, struct tls_check check);
void tls_free(struct tls *tls);

enum tls_state tls_state(const struct tls *tls);
const struct tls_failure *tls_failure(const struct tls *tls);

/* Take bytes that have come from the network; `tls_read` decrypts them. False: there is no memory. */
bool tls_feed(struct tls *tls, const uint8_t *records, size_t count);

/* Nothing comes from the network any more, behind the bytes that were fed. */
void tls_end_of_network(struct tls *tls);

/* Go on with the handshake; give the state after it. The check of the certificate is called from here. */
enum tls_state tls_do_handshake(struct tls *tls);

/* Decrypt at most one record; give how many bytes of data stand in `data`, 0 if more must come, or TLS_READ_CLOSED,
 * TLS_READ_FAILED. TLS_READ_NO_DATA: the record had none, and others may follow. A new key costs more than data. */
ptrdiff_t tls_read(struct tls *tls, uint8_t *data, size_t room);

/* Encrypt data, all of it, now or once a message of TLS is whole; false in the handshake, and after a failure. */
bool tls_write(struct tls *tls, const uint8_t *data, size_t count);

/* Say that no more data comes from us; give whether both sides have said so. */
bool tls_close(struct tls *tls);

/* The bytes for the network: any of the functions above may have added some. Drop those that were sent. */
const uint8_t *tls_unsent(const struct tls *tls, size_t *count);
void tls_sent(struct tls *tls, size_t count);

/* The protocol's version, such as "TLSv1.3". */
const char *tls_version(const struct tls *tls);

#endif
