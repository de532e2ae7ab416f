/* The machine's own OpenSSL 3, found when the program runs: building needs no headers of it. */

#ifndef EXOSWITCH_OPENSSL_H
#define EXOSWITCH_OPENSSL_H

#include <stdbool.h>
#include <stdint.h>

struct ssl_ctx_st;
struct ssl_st;
struct bio_st;
struct bio_method_st;
struct x509_st;
struct x509_store_ctx_st;

/* Of openssl/ssl.h, openssl/tls1.h, openssl/bio.h and openssl/x509_vfy.h: they are a part of its binary interface. */
enum openssl_error { OPENSSL_WANTS_READ = 2, OPENSSL_WANTS_WRITE = 3, OPENSSL_HAS_CLOSED = 6 }; /* SSL_ERROR_… */
enum openssl_ctrl {
    OPENSSL_MODE = 33,               /* SSL_CTRL_MODE */
    OPENSSL_READ_AHEAD = 41,         /* SSL_CTRL_SET_READ_AHEAD */
    OPENSSL_SESSION_CACHE_MODE = 44, /* SSL_CTRL_SET_SESS_CACHE_MODE */
    OPENSSL_MOST_CHAIN_BYTES = 51,   /* SSL_CTRL_SET_MAX_CERT_LIST */
    OPENSSL_HOST_NAME = 55,          /* SSL_CTRL_SET_TLSEXT_HOSTNAME */
    OPENSSL_GROUPS = 92,             /* SSL_CTRL_SET_GROUPS_LIST */
    OPENSSL_MIN_VERSION = 123,       /* SSL_CTRL_SET_MIN_PROTO_VERSION */
};
enum openssl_mode {
    OPENSSL_PARTIAL_WRITE = 1,
    OPENSSL_MOVING_WRITE_BUFFER = 2,
    OPENSSL_RELEASE_BUFFERS = 16,
};
enum openssl_version { OPENSSL_TLS1_2 = 0x0303, OPENSSL_TLS1_3 = 0x0304 };
enum openssl_file { OPENSSL_PEM = 1 };

struct openssl {
    /* settings */
    struct ssl_ctx_st *(*ctx_new)(const void *method);
    void (*ctx_free)(struct ssl_ctx_st *);
    const void *(*server_method)(void);
    const void *(*client_method)(void);
    int (*ctx_use_certificate_chain_file)(struct ssl_ctx_st *, const char *);
    int (*ctx_use_private_key_file)(struct ssl_ctx_st *, const char *, int);
    long (*ctx_ctrl)(struct ssl_ctx_st *, int, long, void *);
    uint64_t (*ctx_set_options)(struct ssl_ctx_st *, uint64_t);
    int (*ctx_set_cipher_list)(struct ssl_ctx_st *, const char *);
    int (*ctx_get_security_level)(const struct ssl_ctx_st *);
    void (*ctx_set_security_level)(struct ssl_ctx_st *, int);
    int (*ctx_set_default_verify_paths)(struct ssl_ctx_st *);
    int (*ctx_load_verify_locations)(struct ssl_ctx_st *, const char *file, const char *folder);
    void (*ctx_set_verify_depth)(struct ssl_ctx_st *, int);
    void (*ctx_set_verify)(struct ssl_ctx_st *, int, int (*)(int, struct x509_store_ctx_st *));
    /* connections */
    struct ssl_st *(*new_ssl)(struct ssl_ctx_st *);
    void (*free_ssl)(struct ssl_st *);
    int (*set_fd)(struct ssl_st *, int);
    void (*set_bio)(struct ssl_st *, struct bio_st *in, struct bio_st *out);
    long (*ctrl)(struct ssl_st *, int, long, void *);
    void (*set_accept_state)(struct ssl_st *);
    void (*set_connect_state)(struct ssl_st *);
    int (*set_ex_data)(struct ssl_st *, int, void *);
    void *(*get_ex_data)(const struct ssl_st *, int);
    int (*do_handshake)(struct ssl_st *);
    int (*read)(struct ssl_st *, void *, int);
    int (*write)(struct ssl_st *, const void *, int);
    int (*shutdown)(struct ssl_st *);
    int (*get_error)(const struct ssl_st *, int);
    int (*has_pending)(const struct ssl_st *);
    const char *(*get_version)(const struct ssl_st *);
    /* the bytes below them */
    struct bio_method_st *(*bio_meth_new)(int, const char *);
    void (*bio_meth_free)(struct bio_method_st *);
    int (*bio_meth_set_read)(struct bio_method_st *, int (*)(struct bio_st *, char *, int));
    int (*bio_meth_set_write)(struct bio_method_st *, int (*)(struct bio_st *, const char *, int));
    int (*bio_meth_set_ctrl)(struct bio_method_st *, long (*)(struct bio_st *, int, long, void *));
    struct bio_st *(*bio_new)(const struct bio_method_st *);
    void (*bio_set_init)(struct bio_st *, int);
    void (*bio_set_data)(struct bio_st *, void *);
    void *(*bio_get_data)(struct bio_st *);
    void (*bio_set_flags)(struct bio_st *, int);
    void (*bio_clear_flags)(struct bio_st *, int);
    /* certificates */
    int (*get_ex_data_x509_store_ctx_idx)(void);
    void *(*x509_store_ctx_get_ex_data)(struct x509_store_ctx_st *, int);
    int (*x509_store_ctx_get_error)(const struct x509_store_ctx_st *);
    void (*x509_store_ctx_set_error)(struct x509_store_ctx_st *, int);
    int (*x509_store_ctx_get_error_depth)(const struct x509_store_ctx_st *);
    struct x509_st *(*x509_store_ctx_get_current_cert)(const struct x509_store_ctx_st *);
    int (*i2d_x509)(const struct x509_st *, unsigned char **);
    /* errors */
    unsigned long (*get_queued_error)(void);
    void (*clear_error)(void);
    const char *(*lib_error_string)(unsigned long);
    const char *(*reason_error_string)(unsigned long);
    const char *(*library_version)(int);
};

/* Give its functions, or NULL where the machine has no OpenSSL 3. */
const struct openssl *openssl(void);

#endif
