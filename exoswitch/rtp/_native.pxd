# The C files in native/rtp that `_plane` uses; their headers say more.

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from exoswitch.network._native cimport tls

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    int pthread_mutex_lock(pthread_mutex_t *lock)
    int pthread_mutex_unlock(pthread_mutex_t *lock)

cdef extern from "<arpa/inet.h>" nogil:
    enum:
        AF_INET
        INET_ADDRSTRLEN
    int inet_pton(int family, const char *text, void *host)
    const char *inet_ntop(int family, const void *host, char *text, uint32_t room)
    uint16_t htons(uint16_t number)
    uint16_t ntohs(uint16_t number)

cdef extern from "g711.h" nogil:
    struct law:
        pass
    const law *law_by_payload_type(uint8_t payload_type)

cdef extern from "frames.h" nogil:
    enum:
        FRAME_BYTES

cdef extern from "leg.h" nogil:
    enum:
        MARKS_MAX
    struct address:
        uint32_t host
        uint16_t port
    struct leg_settings:
        uint32_t source_host
        const law *law
        int jitter_max_ms
        int playout_max_s
        double silence_timeout_s
        const uint8_t *waiting_sound
        size_t waiting_samples
    struct leg_counts:
        int64_t received, lost, duplicate, reordered, stray
        int64_t late, concealed, skipped
        int64_t foreign, malformed, unsupported
        int64_t sent
        int64_t underruns, overflowed_samples, longest_samples
        int64_t marks_played, marks_cleared, marks_lost, clears
        double jitter_ms
    struct leg:
        address remote

cdef extern from "media_template.h" nogil:
    struct media_template:
        pass
    bint media_template_cut(media_template *template, const char *text, size_t size)

cdef extern from "message_encoder.h" nogil:
    struct message_encoder:
        pass
    message_encoder *message_encoder_new(media_template template, unsigned sample_rate_hz, unsigned frames,
                                         bint from_zero, uint64_t first_number)
    void message_encoder_free(message_encoder *encoder)
    size_t message_encoder_room(const message_encoder *encoder)
    bint message_encoder_hold(message_encoder *encoder)
    size_t message_encoder_release(message_encoder *encoder, char *out)
    uint64_t message_encoder_take_dropped_ms(message_encoder *encoder)

cdef extern from "events.h" nogil:
    enum event_kind:
        EVENT_CONNECT
        EVENT_PACKET
        EVENT_MEDIA
        EVENT_MARK
        EVENT_MEDIA_LOST
        EVENT_SOCKET
        EVENT_FINISHED
    struct event:
        event_kind kind
        uint32_t stream
        uint32_t mark
        uint32_t size
        double silent_s
        const char *message
    struct events:
        pass
    bint events_take_mark(events *events, event *taken)

cdef extern from "recording.h" nogil:
    struct recorded:
        int64_t frames
        bint is_silence
        int16_t *said
        int16_t *played
    struct recording:
        pass
    recorded *recording_next(recording *recording)
    void recording_reuse(recording *recording, recorded *part)

cdef extern from "serving.h" nogil:
    struct bytes_of "bytes":
        uint8_t *data
        size_t count
    struct media_form:
        pass
    struct bot_scratch:
        pass
    struct bot_link:
        bytes_of unsent
    struct bot_socket:
        bot_link link
        media_form form
        bytes_of unread
        size_t for_python
    struct serving_tools:
        pass
    struct serving:
        bot_socket bot
        bint is_numbering
    void bytes_drop(bytes_of *bytes, size_t count)
    bint media_form_learn(media_form *form, const char *head, size_t head_size, const char *tail, size_t tail_size)
    void bot_socket_take_back(bot_socket *bot)
    bint bot_socket_takes(const bot_socket *bot)
    bint bot_socket_write(bot_socket *bot, const uint8_t *data, size_t count)
    serving *serving_new(serving_tools *tools, int handle, tls *tls)
    void serving_free(serving *serving)
    bint serving_go_on(serving *serving, leg *leg, bot_scratch *scratch, bint in_place)

cdef extern from "session.h" nogil:
    struct session_counts_of "session_counts":
        leg_counts leg
        int64_t unsent, flooded, unrecorded, untold
    struct session:
        pthread_mutex_t lock
        leg leg
        uint32_t stream
        events events
        recording recording
        uint8_t packet[172]  # its size is the header's
        void *python_session
    enum:
        SESSION_BOT_WORK
    void session_note_bot(session *session, uint32_t events)
    session *session_new(const leg_settings *settings, uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
                         int handle)
    void session_let_go(session *session)
    bint session_direct(session *session, address address)
    bint session_attach(session *session, message_encoder *encoder, unsigned messages)
    void session_detach(session *session)
    void session_hold(session *session)
    void session_drain(session *session)
    bint session_record(session *session, bint begin)
    int64_t session_play(session *session, const uint8_t *pcm, size_t bytes, bint continues)
    int session_mark(session *session, uint32_t mark, uint32_t *answered)
    size_t session_clear(session *session, bint finish_message, uint32_t *answered)
    int64_t session_queued_ms(session *session)
    session_counts_of session_counts(session *session)
    bint session_take_message(session *session, message_encoder *encoder, event *taken)
    uint64_t session_next_number(session *session, message_encoder *encoder, event *before)
    bint session_take_event(session *session, event *event)
    bint session_accepts(session *session, address address)
    void session_datagram(session *session, const uint8_t *data, size_t size, address address, double now)

cdef extern from "sessions.h" nogil:
    struct sessions:
        session **list
        size_t count

cdef extern from "plane.h" nogil:
    struct plane:
        serving_tools *tools
    bint plane_open(plane *plane)
    void plane_close(plane *plane)
    bint plane_add(plane *plane, session *session)
    void plane_remove(plane *plane, session *session)
    bint plane_serve(session *session, serving *serving)
    void plane_end_serving(session *session, serving *serving)
    size_t plane_begin_tick(plane *plane, double now)
    bint plane_receive(plane *plane, size_t group, double now)
    bint plane_pass(plane *plane, size_t group, double now)
    void plane_take_ready(plane *plane, sessions *taken)

cdef extern from "ticking.h" nogil:
    enum:
        LATENESS_KEPT
    struct ticking:
        int waker
    bint ticking_open(ticking *ticking, plane *plane, double watchdog_s)
    bint ticking_start(ticking *ticking)
    void ticking_stop(ticking *ticking)
    void ticking_close(ticking *ticking)
    void ticking_wake(const ticking *ticking)
    uint64_t ticking_begin_delivery(ticking *ticking)
    void ticking_end_delivery(ticking *ticking, uint64_t asked)
    size_t ticking_take_lateness(ticking *ticking, double *lateness_s, size_t room)
    uint64_t ticking_skipped(ticking *ticking)
