/* The settings of TLS clients: those of exoswitch/network/tls.py, with the certificates that are trusted. */

#ifndef EXOSWITCH_TLS_SETTINGS_H
#define EXOSWITCH_TLS_SETTINGS_H

#include <stdbool.h>

#include "failure.h"

struct ssl_ctx_st;
struct bio_method_st;

struct tls_settings {
    struct ssl_ctx_st *context;
    struct bio_method_st *memory; /* how OpenSSL reads and writes the bytes of a connection */
};

/* Make settings that trust the system's certificates, and those in a file (PEM); either may be absent.
 *
 * They must outlive their connections. NULL: there is no OpenSSL, or no memory, or the file cannot be used. */
struct tls_settings *tls_settings_new(bool trusts_system, const char *ca_file, struct tls_failure *failure);

void tls_settings_free(struct tls_settings *settings);

#endif
