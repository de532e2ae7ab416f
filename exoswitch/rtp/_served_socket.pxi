# The Python side of native/rtp/serving.c, a part of `_plane`.

cdef bot_scratch scratch  # that of the tick may be in use


cdef class ServedSocket:
    """The socket of a session's stream while the plane reads and writes it; see `exoswitch.call.media`."""

    cdef serving *_serving
    cdef Session _session
    cdef object _owner
    cdef Engine _engine  # the socket uses its TLS
    cdef tuple _form

    def __cinit__(self, Session session, int handle, owner, Engine engine):
        self._session, self._owner, self._engine = session, owner, engine
        self._serving = serving_new(session._in_plane._plane.tools, handle, NULL if engine is None else engine.tls)
        if self._serving is NULL:
            raise MemoryError

    def __dealloc__(self):
        serving_free(self._serving)

    cdef bint begin(self):
        return plane_serve(self._session._session, self._serving)

    cdef end(self):
        """End the plane's use; a second call has no effect."""
        if self._session._served is self:
            plane_end_serving(self._session._session, self._serving)
            self._session._served = None
            bot_socket_take_back(&self._serving.bot)

    def read(self):
        """Take the bytes that wait for the stream; None: take the socket back, which is full or has ended."""
        cdef bot_socket *bot = &self._serving.bot
        pthread_mutex_lock(&self._session._session.lock)
        try:
            if not bot_socket_takes(bot):
                return None
            data = <bytes>bot.unread.data[:bot.for_python]
            bytes_drop(&bot.unread, bot.for_python)
            bot.for_python = 0
            return data
        finally:
            pthread_mutex_unlock(&self._session._session.lock)

    def go_on(self, tuple form):
        """Take notice of the bytes behind those that were read; say whether there is more to read."""
        cdef bytes head, tail
        pthread_mutex_lock(&self._session._session.lock)
        try:
            if form is not None and form != self._form:
                head, tail = form
                media_form_learn(&self._serving.bot.form, head, len(head), tail, len(tail))
                self._form = form
            return serving_go_on(self._serving, &self._session._session.leg, &scratch, form is not None)
        finally:
            session_note_bot(self._session._session, SESSION_BOT_WORK)
            pthread_mutex_unlock(&self._session._session.lock)

    def write(self, bytes data not None):
        """Send whole frames, behind those of the plane; False: take the socket back, which is full or has ended."""
        cdef bot_socket *bot = &self._serving.bot
        pthread_mutex_lock(&self._session._session.lock)
        bot_socket_write(bot, data, len(data))
        self._serving.is_numbering = False
        takes = bot_socket_takes(bot)
        session_note_bot(self._session._session, SESSION_BOT_WORK)
        pthread_mutex_unlock(&self._session._session.lock)
        return takes

    def take_back(self):
        """End the plane's use of the socket; give the bytes that are not read yet, and those that are not sent.

        Those of TLS stay in its engine.
        """
        cdef bot_socket *bot = &self._serving.bot
        self.end()
        return <bytes>bot.unread.data[:bot.unread.count], <bytes>bot.link.unsent.data[:bot.link.unsent.count]
