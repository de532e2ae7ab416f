/* The TLS settings of a benchmark's two ends. */

#ifndef EXOSWITCH_BENCH_TLS_ENDS_H
#define EXOSWITCH_BENCH_TLS_ENDS_H

struct ssl_ctx_st;

/* Make the settings of TLS 1.3 servers, or of clients that trust everyone; NULL if that fails. */
struct ssl_ctx_st *tls_server(const char *certificate_file, const char *key_file);
struct ssl_ctx_st *tls_client(void);

#endif
