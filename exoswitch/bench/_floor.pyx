# cython: language_level=3
"""Adapter: the compiled floor of a benchmark: the system calls of a media gateway, and nothing else."""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free


cdef extern from "tls_ends.h":
    struct ssl_ctx_st:
        pass
    ssl_ctx_st *tls_client() nogil

cdef extern from "clock.h":
    int64_t clock_now_ns() nogil

cdef extern from "floor.h":
    struct floor:
        uint64_t unsent
    bint floor_init(
        floor *floor, int room, int frames, const uint8_t *message, size_t size, ssl_ctx_st *tls
    ) nogil
    bint floor_add(floor *floor, int rtp, int bot) nogil
    bint floor_handshake(floor *floor, const uint8_t *request, size_t size) nogil
    void floor_run(floor *floor, int64_t until_ns) nogil
    void floor_close(floor *floor) nogil


cdef class Floor:
    """Room for so many calls, which send the same `message` to each bot once for so many frames of audio."""

    cdef floor *_floor
    cdef bytes _message

    def __cinit__(self, int room, int frames, bytes message, bint tls):
        cdef ssl_ctx_st *context = NULL
        self._message = message
        if tls:
            context = tls_client()
            if context is NULL:
                raise OSError("this machine has no OpenSSL")
        self._floor = <floor *>calloc(1, sizeof(floor))
        if self._floor is NULL or not floor_init(self._floor, room, frames, self._message, len(message), context):
            raise OSError("no memory or descriptors for the calls")

    def __dealloc__(self):
        if self._floor is not NULL:
            floor_close(self._floor)
            free(self._floor)

    def add(self, int rtp, int bot, bytes request):
        """Take the descriptors of a call's two sockets, both connected, and make the handshake of its WebSocket.

        Raises:
            OSError: the bot does not accept the `request` to upgrade, or there is no room.
        """
        if not floor_add(self._floor, rtp, bot) or not floor_handshake(self._floor, request, len(request)):
            raise OSError("a bot of the load cannot be reached")

    def run(self, double seconds):
        """Carry the audio of all calls for so long."""
        with nogil:
            floor_run(self._floor, clock_now_ns() + <int64_t>(seconds * 1e9))

    def unsent(self):
        """Count the messages and packets that the kernel did not take."""
        return self._floor.unsent
