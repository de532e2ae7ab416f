/* The settings of TLS clients: those of exoswitch/network/tls.py, with the certificates that are trusted. */

#include "settings.h"

#include <stdlib.h>

#include "memory_bio.h"
#include "openssl.h"
#include "verification.h"

/* SSL_OP_…: NO_TICKET, NO_COMPRESSION, NO_RENEGOTIATION. A server cannot ask for a second handshake, as in Go: each
 * takes 1 ms, as often as the server likes. */
static const uint64_t OPTIONS = 1u << 14 | 1u << 17 | 1u << 30;

/* Twisted's `defaultCiphers`, for TLS 1.2; newer OpenSSLs leave out AESCCM8 at our level. Without Diffie-Hellman over
 * anything but elliptic curves, as in browsers: a server chooses its group, and one of 10,000 bits takes 1.4 s. */
static const char CIPHERS[] = "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES256:ECDH+AES128:RSA+AESGCM:RSA+AES:!AESCCM8:!aNULL:"
                              "!MD5:!DSS";

/* The groups of TLS 1.3 in OpenSSL's order, without those that take up to 0.2 s (ffdhe8192): of OpenSSL 3.5 and later,
 * and of older ones. A key is sent with the request for those with a star. */
static const char GROUPS[] = "?*X25519MLKEM768:?*X25519:?P-256:?X448:?P-384:?P-521";
static const char OLDER_GROUPS[] = "X25519:P-256:X448:P-521:P-384";

enum {
    SECURITY_LEVEL = 2,      /* of OpenSSL 3.2 and later: keys of 112 bits; RSA has 2,048 */
    VERIFY_DEPTH = 9,        /* Twisted's */
    VERIFY_PEER = 1,         /* SSL_VERIFY_PEER */
    SESSIONS_OFF = 0,        /* SSL_SESS_CACHE_OFF */
    CHAIN_BYTES = 24 * 1024, /* of a server's certificates: OpenSSL 3.0 reads them in 20 ms, its own 100 KiB in 80 */
};

static void set_groups(const struct openssl *tls, struct ssl_ctx_st *context)
{
    if (tls->ctx_ctrl(context, OPENSSL_GROUPS, 0, (void *)GROUPS) != 1)
        tls->ctx_ctrl(context, OPENSSL_GROUPS, 0, (void *)OLDER_GROUPS); /* or OpenSSL's own: it may lack some */
    tls->clear_error();
}

static bool set_up(const struct openssl *tls, struct ssl_ctx_st *context)
{
    tls->ctx_set_options(context, OPTIONS);
    tls->ctx_ctrl(context, OPENSSL_MODE, OPENSSL_RELEASE_BUFFERS | OPENSSL_MOVING_WRITE_BUFFER, NULL);
    tls->ctx_ctrl(context, OPENSSL_SESSION_CACHE_MODE, SESSIONS_OFF, NULL);
    tls->ctx_ctrl(context, OPENSSL_MOST_CHAIN_BYTES, CHAIN_BYTES, NULL);
    set_groups(tls, context);
    tls->ctx_set_verify_depth(context, VERIFY_DEPTH);
    tls->ctx_set_verify(context, VERIFY_PEER, tls_verify);
    if (tls->ctx_get_security_level(context) < SECURITY_LEVEL) /* a system may ask for more */
        tls->ctx_set_security_level(context, SECURITY_LEVEL);
    return tls->ctx_ctrl(context, OPENSSL_MIN_VERSION, OPENSSL_TLS1_2, NULL) == 1 &&
           tls->ctx_set_cipher_list(context, CIPHERS) == 1;
}

static bool trust(const struct openssl *tls, struct ssl_ctx_st *context, bool trusts_system, const char *ca_file)
{
    return (!trusts_system || tls->ctx_set_default_verify_paths(context) == 1) &&
           (ca_file == NULL || tls->ctx_load_verify_locations(context, ca_file, NULL) == 1);
}

struct tls_settings *tls_settings_new(bool trusts_system, const char *ca_file, struct tls_failure *failure)
{
    const struct openssl *tls = openssl();
    struct tls_settings *settings = calloc(1, sizeof *settings);
    failure->count = 0;
    if (tls != NULL && settings != NULL) {
        tls->clear_error();
        settings->memory = memory_bio_method();
        settings->context = tls->ctx_new(tls->client_method());
        if (settings->memory != NULL && settings->context != NULL && set_up(tls, settings->context) &&
            trust(tls, settings->context, trusts_system, ca_file))
            return settings;
        tls_failure_take(failure);
    }
    tls_settings_free(settings);
    return NULL;
}

void tls_settings_free(struct tls_settings *settings)
{
    if (settings == NULL)
        return;
    if (settings->context != NULL)
        openssl()->ctx_free(settings->context);
    if (settings->memory != NULL)
        openssl()->bio_meth_free(settings->memory);
    free(settings);
}
