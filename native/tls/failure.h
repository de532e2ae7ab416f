/* What OpenSSL says of an operation that failed. */

#ifndef EXOSWITCH_TLS_FAILURE_H
#define EXOSWITCH_TLS_FAILURE_H

enum { TLS_FAILURE_CODES = 4 };

struct tls_failure {
    int count;
    unsigned long codes[TLS_FAILURE_CODES]; /* for ERR_reason_error_string; none: the other side ended */
};

/* Take all errors out of this thread's queue. */
void tls_failure_take(struct tls_failure *failure);

#endif
