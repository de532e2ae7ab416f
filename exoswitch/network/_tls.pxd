# What a media plane needs of a connection, to serve it.

from exoswitch.network._native cimport tls


cdef class Engine:
    cdef tls *tls
    cdef object _settings
    cdef object _check
