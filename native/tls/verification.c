/* The check of a server's certificate, while it shakes hands: OpenSSL checks the chain, its user the rest. */

#include "verification.h"

#include <stdlib.h>

#include "openssl.h"

enum {
    CHECK = 0, /* of the data that a connection holds for its user: SSL_set_app_data's */
    X509_V_ERR_OUT_OF_MEM = 17,
    X509_V_ERR_CERT_REJECTED = 28,
};

bool tls_use_check(struct ssl_st *ssl, struct tls_check *check)
{
    return openssl()->set_ex_data(ssl, CHECK, check) == 1;
}

static bool accepts(const struct tls_check *check, const struct x509_st *certificate)
{
    int size = openssl()->i2d_x509(certificate, NULL);
    uint8_t *der = size > 0 ? malloc((size_t)size) : NULL;
    if (der == NULL)
        return check->accepts(check->whom, X509_V_ERR_OUT_OF_MEM, NULL, 0);
    uint8_t *end = der;
    openssl()->i2d_x509(certificate, &end);
    bool accepted = check->accepts(check->whom, 0, der, (size_t)size);
    free(der);
    return accepted;
}

int tls_verify(int is_good, struct x509_store_ctx_st *chain)
{
    const struct openssl *tls = openssl();
    struct ssl_st *ssl = tls->x509_store_ctx_get_ex_data(chain, tls->get_ex_data_x509_store_ctx_idx());
    struct tls_check *check = tls->get_ex_data(ssl, CHECK);
    if (!is_good)
        return check->accepts(check->whom, tls->x509_store_ctx_get_error(chain), NULL, 0);
    if (tls->x509_store_ctx_get_error_depth(chain) > 0)
        return true;
    if (accepts(check, tls->x509_store_ctx_get_current_cert(chain)))
        return true;
    tls->x509_store_ctx_set_error(chain, X509_V_ERR_CERT_REJECTED);
    return false;
}
