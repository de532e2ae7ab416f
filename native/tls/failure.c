/* What OpenSSL says of an operation that failed. */

#include "failure.h"

#include "openssl.h"

void tls_failure_take(struct tls_failure *failure)
{
    unsigned long code;
    failure->count = 0;
    while ((code = openssl()->get_queued_error()) != 0)
        if (failure->count < TLS_FAILURE_CODES)
            failure->codes[failure->count++] = code;
}
