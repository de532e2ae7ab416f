/* The check of a server's certificate, while it shakes hands: OpenSSL checks the chain, its user the rest. */

#ifndef EXOSWITCH_TLS_VERIFICATION_H
#define EXOSWITCH_TLS_VERIFICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssl_st;
struct x509_store_ctx_st;

/* Decides by OpenSSL's problem with a chain (X509_V_ERR_…), or by the server's own certificate (DER) in a good chain,
 * with problem 0. False ends the handshake. */
struct tls_check {
    bool (*accepts)(void *whom, int problem, const uint8_t *certificate, size_t size);
    void *whom;
};

/* Use a check for a connection; it must outlive the connection. */
bool tls_use_check(struct ssl_st *ssl, struct tls_check *check);

/* OpenSSL's call-back for each certificate of a chain: the server's own comes last. */
int tls_verify(int is_good, struct x509_store_ctx_st *chain);

#endif
