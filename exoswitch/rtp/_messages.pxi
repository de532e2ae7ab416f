# The Python side of native/rtp/message_encoder.c, a part of `_plane`.

cdef class Messages:
    """The messages of one stream; see MediaMessages and `exoswitch.rtp.message_encoder`."""

    cdef message_encoder *_encoder
    cdef Session _session  # its lock guards the encoder

    def __cinit__(self, Session session, encoding):
        cdef bytes text = encoding.template
        cdef media_template template
        cdef int rate_hz = encoding.sample_rate_hz
        if rate_hz not in (8000, 16000, 24000):
            raise ValueError(f"cannot convert 8000 Hz to {rate_hz} Hz: one must be two or three times the other")
        if not media_template_cut(&template, text, len(text)):
            raise ValueError(f"the template of a media message needs %d, %d, %d and %b, in this order: {text!r}")
        self._encoder = message_encoder_new(template, rate_hz, encoding.frames, encoding.from_zero,
                                            encoding.first_number)
        if self._encoder is NULL:
            raise MemoryError
        self._session = session

    def __dealloc__(self):
        message_encoder_free(self._encoder)

    def next_number(self):
        """Number a message that the stream writes; messages with audio that are numbered, and wait, go first."""
        cdef event before
        cdef bytes message
        while True:
            pthread_mutex_lock(&self._session._session.lock)
            try:
                number = session_next_number(self._session._session, self._encoder, &before)
                if number:
                    return number
                message = before.message[:before.size]
            finally:
                pthread_mutex_unlock(&self._session._session.lock)
            self._session._tell_safely(&before, message)

    def hold(self):
        """Hold the audio that comes from now on."""
        pthread_mutex_lock(&self._session._session.lock)
        holds = message_encoder_hold(self._encoder)
        pthread_mutex_unlock(&self._session._session.lock)
        if not holds:
            raise MemoryError

    def release(self):
        """Give the oldest held audio as a message; with none left, give None and let audio flow again.

        Messages that were numbered before the audio was held, and wait, go first.
        """
        while self._tell_waiting():
            pass
        return self._release()

    cdef bint _tell_waiting(self) except -1:
        """Tell the stream of the oldest message that waits; False if there is none."""
        cdef event waiting
        cdef bytes message
        pthread_mutex_lock(&self._session._session.lock)
        try:
            if not session_take_message(self._session._session, self._encoder, &waiting):
                return False
            message = waiting.message[:waiting.size]
        finally:
            pthread_mutex_unlock(&self._session._session.lock)
        self._session._tell_safely(&waiting, message)
        return True

    cdef _release(self):
        cdef bytearray message = bytearray(message_encoder_room(self._encoder))
        cdef char *out = message
        pthread_mutex_lock(&self._session._session.lock)
        size = message_encoder_release(self._encoder, out)
        pthread_mutex_unlock(&self._session._session.lock)
        return bytes(message[:size]) if size else None

    def take_dropped_ms(self):
        """Give how much held audio was dropped since the last call of this method."""
        pthread_mutex_lock(&self._session._session.lock)
        dropped_ms = message_encoder_take_dropped_ms(self._encoder)
        pthread_mutex_unlock(&self._session._session.lock)
        return dropped_ms
