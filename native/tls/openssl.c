/* The machine's own OpenSSL 3, found when the program runs: building needs no headers of it. */

#include "openssl.h"

#include <dlfcn.h>
#include <stddef.h>

struct wanted {
    const char *name;
    size_t place;
};

static const struct wanted WANTED[] = {
    {"SSL_CTX_new", offsetof(struct openssl, ctx_new)},
    {"SSL_CTX_free", offsetof(struct openssl, ctx_free)},
    {"TLS_server_method", offsetof(struct openssl, server_method)},
    {"TLS_client_method", offsetof(struct openssl, client_method)},
    {"SSL_CTX_use_certificate_chain_file", offsetof(struct openssl, ctx_use_certificate_chain_file)},
    {"SSL_CTX_use_PrivateKey_file", offsetof(struct openssl, ctx_use_private_key_file)},
    {"SSL_CTX_ctrl", offsetof(struct openssl, ctx_ctrl)},
    {"SSL_CTX_set_options", offsetof(struct openssl, ctx_set_options)},
    {"SSL_CTX_set_cipher_list", offsetof(struct openssl, ctx_set_cipher_list)},
    {"SSL_CTX_get_security_level", offsetof(struct openssl, ctx_get_security_level)},
    {"SSL_CTX_set_security_level", offsetof(struct openssl, ctx_set_security_level)},
    {"SSL_CTX_set_default_verify_paths", offsetof(struct openssl, ctx_set_default_verify_paths)},
    {"SSL_CTX_load_verify_locations", offsetof(struct openssl, ctx_load_verify_locations)},
    {"SSL_CTX_set_verify_depth", offsetof(struct openssl, ctx_set_verify_depth)},
    {"SSL_CTX_set_verify", offsetof(struct openssl, ctx_set_verify)},
    {"SSL_new", offsetof(struct openssl, new_ssl)},
    {"SSL_free", offsetof(struct openssl, free_ssl)},
    {"SSL_set_fd", offsetof(struct openssl, set_fd)},
    {"SSL_set_bio", offsetof(struct openssl, set_bio)},
    {"SSL_ctrl", offsetof(struct openssl, ctrl)},
    {"SSL_set_accept_state", offsetof(struct openssl, set_accept_state)},
    {"SSL_set_connect_state", offsetof(struct openssl, set_connect_state)},
    {"SSL_set_ex_data", offsetof(struct openssl, set_ex_data)},
    {"SSL_get_ex_data", offsetof(struct openssl, get_ex_data)},
    {"SSL_do_handshake", offsetof(struct openssl, do_handshake)},
    {"SSL_read", offsetof(struct openssl, read)},
    {"SSL_write", offsetof(struct openssl, write)},
    {"SSL_shutdown", offsetof(struct openssl, shutdown)},
    {"SSL_get_error", offsetof(struct openssl, get_error)},
    {"SSL_has_pending", offsetof(struct openssl, has_pending)},
    {"SSL_get_version", offsetof(struct openssl, get_version)},
    {"BIO_meth_new", offsetof(struct openssl, bio_meth_new)},
    {"BIO_meth_free", offsetof(struct openssl, bio_meth_free)},
    {"BIO_meth_set_read", offsetof(struct openssl, bio_meth_set_read)},
    {"BIO_meth_set_write", offsetof(struct openssl, bio_meth_set_write)},
    {"BIO_meth_set_ctrl", offsetof(struct openssl, bio_meth_set_ctrl)},
    {"BIO_new", offsetof(struct openssl, bio_new)},
    {"BIO_set_init", offsetof(struct openssl, bio_set_init)},
    {"BIO_set_data", offsetof(struct openssl, bio_set_data)},
    {"BIO_get_data", offsetof(struct openssl, bio_get_data)},
    {"BIO_set_flags", offsetof(struct openssl, bio_set_flags)},
    {"BIO_clear_flags", offsetof(struct openssl, bio_clear_flags)},
    {"SSL_get_ex_data_X509_STORE_CTX_idx", offsetof(struct openssl, get_ex_data_x509_store_ctx_idx)},
    {"X509_STORE_CTX_get_ex_data", offsetof(struct openssl, x509_store_ctx_get_ex_data)},
    {"X509_STORE_CTX_get_error", offsetof(struct openssl, x509_store_ctx_get_error)},
    {"X509_STORE_CTX_set_error", offsetof(struct openssl, x509_store_ctx_set_error)},
    {"X509_STORE_CTX_get_error_depth", offsetof(struct openssl, x509_store_ctx_get_error_depth)},
    {"X509_STORE_CTX_get_current_cert", offsetof(struct openssl, x509_store_ctx_get_current_cert)},
    {"i2d_X509", offsetof(struct openssl, i2d_x509)},
    {"ERR_get_error", offsetof(struct openssl, get_queued_error)},
    {"ERR_clear_error", offsetof(struct openssl, clear_error)},
    {"ERR_lib_error_string", offsetof(struct openssl, lib_error_string)},
    {"ERR_reason_error_string", offsetof(struct openssl, reason_error_string)},
    {"OpenSSL_version", offsetof(struct openssl, library_version)},
};

static bool find(void *library, struct openssl *functions)
{
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++) {
        void *found = dlsym(library, WANTED[i].name); /* also in the library below it: libcrypto */
        if (found == NULL)
            return false;
        *(void **)((char *)functions + WANTED[i].place) = found; /* POSIX lets data pointers hold functions */
    }
    return true;
}

const struct openssl *openssl(void)
{
    static struct openssl functions;
    static bool is_found;
    if (!is_found) {
        void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
        is_found = library != NULL && find(library, &functions);
    }
    return is_found ? &functions : NULL;
}
