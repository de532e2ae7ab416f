# The C files in native/tls that `_tls` uses; their headers say more.

from libc.stdint cimport uint8_t

cdef extern from "<stdbool.h>" nogil:
    ctypedef bint c_bool "bool"

cdef extern from "openssl.h" nogil:
    struct openssl_functions "openssl":
        const char *(*lib_error_string)(unsigned long code)
        const char *(*reason_error_string)(unsigned long code)
        const char *(*library_version)(int what)
    const openssl_functions *openssl()

cdef extern from "failure.h" nogil:
    struct tls_failure:
        int count
        unsigned long codes[4]

cdef extern from "settings.h" nogil:
    struct tls_settings:
        pass
    tls_settings *tls_settings_new(bint trusts_system, const char *ca_file, tls_failure *failure)
    void tls_settings_free(tls_settings *settings)

cdef extern from "verification.h" nogil:
    struct tls_check:
        c_bool (*accepts)(void *whom, int problem, const uint8_t *certificate, size_t size) noexcept with gil
        void *whom

cdef extern from "connection.h" nogil:
    struct tls:
        pass
    enum tls_state:
        TLS_HANDSHAKE
        TLS_OPEN
        TLS_CLOSED
        TLS_FAILED
    enum:
        TLS_READ_NO_DATA
    tls *tls_new(tls_settings *settings, const char *host, tls_check check)
    void tls_free(tls *tls)
    tls_state get_state "tls_state"(const tls *tls)
    const tls_failure *get_failure "tls_failure"(const tls *tls)
    bint tls_feed(tls *tls, const uint8_t *records, size_t count)
    void tls_end_of_network(tls *tls)
    tls_state tls_do_handshake(tls *tls)
    ptrdiff_t tls_read(tls *tls, uint8_t *data, size_t room)
    bint tls_write(tls *tls, const uint8_t *data, size_t count)
    bint tls_close(tls *tls)
    const uint8_t *tls_unsent(const tls *tls, size_t *count)
    void tls_sent(tls *tls, size_t count)
    const char *tls_version(const tls *tls)
