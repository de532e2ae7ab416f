/* The TLS settings of a benchmark's two ends. */

#include "tls_ends.h"

#include <stddef.h>

#include "openssl.h"

/* One system call reads as many records as have come: without read-ahead each record costs two. */
static struct ssl_ctx_st *settings(const struct openssl *tls, const void *method)
{
    struct ssl_ctx_st *context = tls->ctx_new(method);
    if (context != NULL) {
        tls->ctx_ctrl(context, OPENSSL_MIN_VERSION, OPENSSL_TLS1_3, NULL);
        tls->ctx_ctrl(context, OPENSSL_READ_AHEAD, 1, NULL);
        tls->ctx_ctrl(context, OPENSSL_MODE, OPENSSL_PARTIAL_WRITE | OPENSSL_MOVING_WRITE_BUFFER, NULL);
    }
    return context;
}

struct ssl_ctx_st *tls_server(const char *certificate_file, const char *key_file)
{
    const struct openssl *tls = openssl();
    struct ssl_ctx_st *context = tls == NULL ? NULL : settings(tls, tls->server_method());
    if (context == NULL || tls->ctx_use_certificate_chain_file(context, certificate_file) != 1 ||
        tls->ctx_use_private_key_file(context, key_file, OPENSSL_PEM) != 1)
        return NULL; /* the program ends: nothing is freed */
    return context;
}

struct ssl_ctx_st *tls_client(void)
{
    const struct openssl *tls = openssl();
    return tls == NULL ? NULL : settings(tls, tls->client_method());
}
