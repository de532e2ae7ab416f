# cython: language_level=3
"""Adapter: TLS connections in C, over the machine's own OpenSSL: `native/tls/` has them.

A connection knows no socket, so the media plane can serve it without Python.
"""

from cython cimport no_gc_clear
from libc.stdint cimport uint8_t

from exoswitch.network._native cimport *

cdef enum:
    WITH_DATE = 0  # OPENSSL_VERSION
    READ_BYTES = 16384  # the data of one record


def openssl_version():
    """Name this machine's OpenSSL; None: it has none that can be used."""
    cdef const openssl_functions *functions = openssl()
    return None if functions is NULL else functions.library_version(WITH_DATE).decode()


cdef str told(const char *text):
    return "" if text is NULL else text.decode("utf-8", "replace")


cdef list errors(const tls_failure *failure):
    cdef const openssl_functions *functions = openssl()
    codes = [failure.codes[at] for at in range(failure.count)]
    return [(told(functions.lib_error_string(code)), "", told(functions.reason_error_string(code))) for code in codes]


cdef class Settings:
    """What TLS clients have in common; the certificates in `ca_file` (PEM) are trusted besides the system's.

    `errors` are OpenSSL's, as pyOpenSSL has them: (library, "", reason). With errors, the settings cannot be used.
    """

    cdef tls_settings *_settings
    cdef readonly list errors

    def __cinit__(self, str ca_file="", *, bint trusts_system=True):
        cdef tls_failure failure
        cdef bytes path = ca_file.encode("utf-8", "surrogateescape")
        cdef const char *file = NULL
        self.errors = []
        if openssl() is NULL:
            raise OSError("this machine has no OpenSSL 3")
        if path:
            file = path
        self._settings = tls_settings_new(trusts_system, file, &failure)
        if self._settings is NULL:
            self.errors = errors(&failure)
            if not self.errors:
                raise MemoryError

    def __dealloc__(self):
        tls_settings_free(self._settings)


cdef c_bool accepts(void *whom, int problem, const uint8_t *certificate, size_t size) noexcept with gil:
    try:
        return (<object>whom)(problem, certificate[:size] if problem == 0 else b"")
    except BaseException:  # any error is a refusal
        return False


@no_gc_clear  # the settings must outlive the connection, also where the check refers to it
cdef class Engine:
    """One connection, to a server that is asked for by `host`; None for an IP address.

    `check(problem, certificate)` accepts the server's certificate (DER), or not: OpenSSL has a problem with its chain
    (X509_V_ERR_…), or none (0). Any error in it is a refusal.
    """

    def __cinit__(self, Settings settings not None, str host, check):
        cdef bytes name
        cdef const char *wanted = NULL
        cdef tls_check called = tls_check(accepts, <void *>check)
        if settings._settings is NULL:
            raise ValueError("the settings have errors")
        self._settings, self._check = settings, check
        if host is not None:
            name = host.encode("ascii")
            wanted = name
        self.tls = tls_new(settings._settings, wanted, called)
        if self.tls is NULL:
            raise MemoryError

    def __dealloc__(self):
        tls_free(self.tls)

    @property
    def is_open(self):
        return get_state(self.tls) == TLS_OPEN

    @property
    def has_closed(self):
        """Whether the other side sends no more data: it has said so."""
        return get_state(self.tls) == TLS_CLOSED

    @property
    def has_failed(self):
        return get_state(self.tls) == TLS_FAILED

    @property
    def errors(self):
        """The errors of the failure, as pyOpenSSL has them: (library, "", reason)."""
        return errors(get_failure(self.tls))

    @property
    def version(self):
        """The protocol's version, such as ``TLSv1.3``."""
        return tls_version(self.tls).decode()

    def do_handshake(self):
        """Go on with the handshake; the check of the certificate is called from here, and from `read`."""
        tls_do_handshake(self.tls)

    def feed(self, bytes records not None):
        """Take bytes that have come from the network."""
        if not tls_feed(self.tls, records, len(records)):
            raise MemoryError

    def end_of_network(self):
        """Nothing comes from the network any more, behind the bytes that were fed."""
        tls_end_of_network(self.tls)

    def read(self):
        """Decrypt one record; None if it has no data; ``b""`` if more must come, or nothing comes any more."""
        cdef uint8_t data[READ_BYTES]
        cdef ptrdiff_t count = tls_read(self.tls, data, READ_BYTES)
        if count == TLS_READ_NO_DATA:
            return None
        return data[:count] if count > 0 else b""

    def write(self, bytes data not None):
        """Encrypt data, all of it; False in the handshake, and after a failure."""
        return tls_write(self.tls, data, len(data))

    def close(self):
        """Say that no more data comes from us; give whether both sides have said so."""
        return tls_close(self.tls)

    def take_unsent(self):
        """Take the bytes for the network that all calls so far have made."""
        cdef size_t count
        cdef const uint8_t *waiting = tls_unsent(self.tls, &count)
        records = waiting[:count] if count else b""
        tls_sent(self.tls, count)
        return records
