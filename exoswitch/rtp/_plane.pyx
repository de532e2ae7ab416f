# cython: language_level=3
"""Adapter: the compiled media plane: the same tick as `exoswitch.rtp.plane`, in C.

The tick never calls Python: what it found waits as events in each session. They are delivered after the tick.
"""

from cpython.exc cimport PyErr_SetFromErrno
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free

from exoswitch.network._tls cimport Engine
from exoswitch.rtp._native cimport *

from exoswitch.audio.frames import SILENCE_PCM
from exoswitch.rtp.session import LegCounts

cdef enum:
    WAITING_MESSAGES = 2  # of a stream: they are delivered after each tick
    WAITING_FRAMES = 40  # of a stream, while a thread ticks: the reactor may be blocked for 800 ms
    SILENCE_FRAMES = 50  # of a recording, in one part


cdef address in_network(str host, int port):
    """Give an address; a host that is no IPv4 address becomes 0, which is no host."""
    cdef address there
    there.port = htons(<uint16_t>port)
    if inet_pton(AF_INET, host.encode("utf-8", "replace"), &there.host) != 1:
        there.host = 0
    return there


cdef tuple in_python(address there):
    """Give an address as Python's sockets do."""
    cdef char text[INET_ADDRSTRLEN]
    return inet_ntop(AF_INET, &there.host, text, INET_ADDRSTRLEN).decode("ascii"), ntohs(there.port)


include "_messages.pxi"
include "_served_socket.pxi"


cdef class Session:
    """One call in the plane; see `exoswitch.rtp.session.Session`."""

    cdef session *_session
    cdef readonly bint closed
    cdef public int failures
    cdef public int flooded  # ticks that an Inbound counts
    cdef object _wire, _listener, _stream, _sink
    cdef bytes _waiting_sound  # the leg uses its memory
    cdef Messages _messages  # the session uses their encoder
    cdef dict _names  # of the marks that wait
    cdef uint32_t _mark  # the number of the newest
    cdef Plane _in_plane
    cdef ServedSocket _served  # the stream's, while it is served

    def __cinit__(self, settings, rng, wire, listener, handle):
        cdef leg_settings wanted
        self._waiting_sound = settings.waiting_sound
        wanted.source_host = in_network(settings.source_host, 0).host
        wanted.law = law_by_payload_type(settings.law.payload_type)
        wanted.jitter_max_ms = settings.jitter_max_ms
        wanted.playout_max_s = settings.playout_max_s
        wanted.silence_timeout_s = settings.silence_timeout_s
        wanted.waiting_sound = self._waiting_sound
        wanted.waiting_samples = len(self._waiting_sound)
        sequence, timestamp, ssrc = rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(32)
        self._session = session_new(&wanted, sequence, timestamp, ssrc, -1 if handle is None else handle)
        if self._session is NULL:
            raise MemoryError
        self._session.python_session = <void *>self
        self._wire, self._listener = wire, listener
        self._names = {}

    def __dealloc__(self):
        if self._session is not NULL:
            session_let_go(self._session)

    # --- commands

    @property
    def queued_ms(self):
        """How much audio of the bot is not played yet."""
        return 0 if self.closed else session_queued_ms(self._session)

    def accepts(self, address):
        """Tell whether a datagram from this address belongs to this call; if not, count it."""
        return not self.closed and bool(session_accepts(self._session, in_network(address[0], address[1])))

    def direct(self, host, port):
        """Send RTP to this address from now on, and accept it from nowhere else."""
        if not self.closed and session_direct(self._session, in_network(host, port)):
            self._wire.connect((host, port))

    def attach(self, stream, encoding):
        """Let the caller's audio flow to this stream from the next tick on."""
        cdef Messages messages = Messages(self, encoding)
        if not self.closed:
            waiting = WAITING_FRAMES // encoding.frames if self._in_plane._is_threaded else 0
            if not session_attach(self._session, messages._encoder, WAITING_MESSAGES + waiting):
                raise MemoryError
            self._stream, self._messages = stream, messages
        return messages

    def serve(self, int handle, owner, Engine engine=None):
        """Read and write the stream's TCP socket in the ticks, until the owner takes it back; None: it cannot."""
        if self.closed or self._served is not None:
            return None
        served = ServedSocket(self, handle, owner, engine)
        if served.begin():
            self._served = served
        return self._served

    def detach(self):
        """Stop the caller's audio, and drop the bot's audio with its marks."""
        if not self.closed:
            self._stream = None
            session_detach(self._session)
            self._names.clear()

    def hold(self):
        """Detach, and play the waiting sound until a stream is attached."""
        if not self.closed:
            self._stream = None
            session_hold(self._session)
            self._names.clear()

    def drain(self):
        """Stop the caller's audio, and play the bot's audio to its end."""
        if not self.closed:
            self._stream = None
            session_drain(self._session)

    def play(self, bytes pcm not None, *, bint continues=False):
        """Queue audio of the bot; give the milliseconds that were dropped because the queue is full."""
        if self.closed:
            return 0
        dropped_ms = session_play(self._session, pcm, len(pcm), continues)
        if dropped_ms < 0:
            raise MemoryError
        return dropped_ms

    def mark(self, str name not None):
        """Queue a mark; give the marks to answer at once."""
        cdef uint32_t answered
        if self.closed:
            return []
        self._mark += 1
        count = session_mark(self._session, self._mark, &answered)
        if count < 0:
            raise MemoryError
        self._names[self._mark] = name
        if not count:
            return []
        oldest = self._names.pop(answered)
        self._tell_played()
        return [oldest]

    def clear(self, *, bint finish_message=False):
        """Drop the unplayed audio; give its marks, in order."""
        cdef uint32_t answered[MARKS_MAX]
        if self.closed:
            return []
        count = session_clear(self._session, finish_message, answered)
        cleared = [self._names.pop(answered[at]) for at in range(count)]
        self._tell_played()
        return cleared

    def record(self, sink):
        """Give both sides of the call to this sink from the next tick on; None ends it, and gives the rest."""
        if self.closed:
            return
        if not session_record(self._session, sink is not None):
            raise MemoryError
        try:
            self._give_recorded()
        finally:
            self._sink = sink

    def counts(self):
        """Give the counts so far."""
        cdef session_counts_of so_far = session_counts(self._session)
        counted = <dict>so_far.leg
        counted["unsent"] = so_far.unsent + self._wire.send_errors
        counted["flooded"] = so_far.flooded + self.flooded
        return LegCounts(**counted, unrecorded=so_far.unrecorded, untold=so_far.untold)

    # --- after a tick

    cdef _deliver(self, failed):
        """Tell of all that the ticks found; an error in one part does not affect the others."""
        cdef event happened
        cdef bytes message = b""
        try:
            self._give_recorded()
        except Exception:
            self.failures += 1
            failed(self)
        while not self.closed:
            pthread_mutex_lock(&self._session.lock)
            try:
                if not session_take_event(self._session, &happened):
                    return
                if happened.kind == EVENT_MEDIA:
                    message = happened.message[:happened.size]
            finally:
                pthread_mutex_unlock(&self._session.lock)
            self._tell_safely(&happened, message)

    cdef _tell_played(self):
        """Tell of the marks that a thread has played: they come before those that a command answers now."""
        cdef event played
        cdef bint is_there = self._in_plane._is_threaded
        while is_there and not self.closed:
            pthread_mutex_lock(&self._session.lock)
            is_there = events_take_mark(&self._session.events, &played)
            pthread_mutex_unlock(&self._session.lock)
            if is_there:
                self._tell_safely(&played, b"")

    cdef _tell_safely(self, event *happened, bytes message):
        try:
            self._tell(happened, message)
        except Exception:
            self.failures += 1
            self._in_plane._failed(self)

    cdef _tell(self, event *happened, bytes message):
        if happened.kind == EVENT_MEDIA:
            if self._stream is not None and happened.stream == self._session.stream:
                self._stream.send_media(message)
        elif happened.kind == EVENT_MARK:
            name = self._names.pop(happened.mark, None)
            if self._stream is not None and happened.stream == self._session.stream and name is not None:
                self._stream.send_mark(name)
        elif happened.kind == EVENT_SOCKET:
            if self._served is not None:
                self._served._owner.socket_waits()
        elif happened.kind == EVENT_CONNECT:
            self._wire.connect(in_python(self._session.leg.remote))
        elif happened.kind == EVENT_PACKET:
            packet = (<char *>self._session.packet)[:sizeof(self._session.packet)]
            self._wire.send(packet, in_python(self._session.leg.remote))
        elif happened.kind == EVENT_MEDIA_LOST:
            self._listener.media_lost(happened.silent_s)
        elif happened.kind == EVENT_FINISHED:
            self._listener.playout_finished()

    cdef _give_recorded(self):
        cdef recorded *part
        while True:
            pthread_mutex_lock(&self._session.lock)
            part = recording_next(&self._session.recording)
            pthread_mutex_unlock(&self._session.lock)
            if part is NULL:
                return
            try:
                if part.is_silence:
                    self._give_silence(part.frames)
                else:
                    size = part.frames * FRAME_BYTES
                    self._sink.take((<char *>part.said)[:size], (<char *>part.played)[:size])
            finally:
                pthread_mutex_lock(&self._session.lock)
                recording_reuse(&self._session.recording, part)
                pthread_mutex_unlock(&self._session.lock)

    cdef _give_silence(self, frames):
        while frames > 0:
            part = SILENCE_PCM * min(frames, SILENCE_FRAMES)
            self._sink.take(part, part)
            frames -= SILENCE_FRAMES


cdef class Plane:
    """The sessions of all calls, and their tick; see `exoswitch.rtp.session.AnyPlane`."""

    cdef plane _plane
    cdef sessions _taken
    cdef object _inbound, _failed
    cdef set _sessions
    cdef bint _is_open
    cdef bint _is_threaded  # another thread ticks

    def __cinit__(self, inbound, failed):
        self._inbound, self._failed = inbound, failed
        self._sessions = set()
        if not plane_open(&self._plane):
            PyErr_SetFromErrno(OSError)
        self._is_open = True

    def __dealloc__(self):
        if self._is_open:
            plane_close(&self._plane)
        free(self._taken.list)

    def __len__(self):
        return len(self._sessions)

    def open(self, settings, rng, wire, listener, handle=None):
        """Add a call, from the next tick on."""
        cdef Session session = Session(settings, rng, wire, listener, handle)
        session._in_plane = self
        if not plane_add(&self._plane, session._session):
            session._session.python_session = NULL
            PyErr_SetFromErrno(OSError)
        self._sessions.add(session)
        return session

    def remove(self, Session session not None):
        """Remove a call, at once even within a tick; a second call has no effect."""
        if session.closed:
            return
        if session._served is not None:
            session._served.end()
        session.closed = True
        plane_remove(&self._plane, session._session)
        session._session.python_session = NULL
        session._stream = session._messages = session._listener = None
        session._names.clear()
        self._sessions.discard(session)

    def tick(self, double now):
        """Let 20 ms pass for every call."""
        self._tick(now, True)
        self._deliver()

    cdef bint _tick(self, double now, bint is_answered) except -1:
        """Let 20 ms pass; say whether there are events. With `is_answered`, what a bot sends acts in this tick."""
        cdef Session session
        cdef size_t group
        cdef bint has_events = False
        groups = plane_begin_tick(&self._plane, now)
        for session, data, address in self._inbound.receive():
            try:
                session_datagram(session._session, <bytes?>data, len(data), in_network(address[0], address[1]), now)
            except Exception:
                session.failures += 1
                self._failed(session)
        for group in range(groups):
            with nogil:
                has_news = plane_receive(&self._plane, group, now)
            if has_news and is_answered:
                self._deliver()
            with nogil:
                has_events |= plane_pass(&self._plane, group, now)
        return has_events

    cdef _deliver(self):
        """Deliver the events of all sessions; those that a session's removal made void are dropped."""
        cdef list ready = []
        plane_take_ready(&self._plane, &self._taken)
        for at in range(self._taken.count):
            if self._taken.list[at].python_session is not NULL:
                ready.append(<Session>self._taken.list[at].python_session)
            session_let_go(self._taken.list[at])
        self._taken.count = 0
        for session in ready:
            (<Session>session)._deliver(self._failed)


include "_ticking.pxi"
