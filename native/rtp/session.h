/* One call in a plane: its leg, its socket, and the stream that it is attached to; see MediaSession in plane.py.
 *
 * All functions lock the session, unless they say otherwise: one thread can tick while another gives commands. */

#ifndef EXOSWITCH_SESSION_H
#define EXOSWITCH_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "events.h"
#include "leg.h"
#include "message_encoder.h"
#include "recording.h"
#include "serving.h"

struct group;

enum { SESSION_BOT_WORK = 1 << 24 }; /* beside the events of epoll: work of an earlier tick is left, or Python's */

struct session {
    pthread_mutex_t lock;
    atomic_uint bot_news; /* of the stream's socket, since it was read: events of epoll, and SESSION_BOT_WORK */
    struct leg leg;
    struct endpoint endpoint;
    struct message_encoder *messages; /* of the stream; Python owns it */
    uint32_t stream;                  /* the number of the stream; 0: none is attached */
    uint32_t streams;                 /* attached so far */
    struct serving *serving;          /* of the stream's socket; Python owns it; NULL: none is served */
    double received_at;               /* the last tick that read its RTP socket */
    int received;                     /* datagrams that this tick has read from it so far */
    int64_t flooded;                  /* ticks with more datagrams than its share */
    bool connected;
    bool closed;
    struct events events;
    struct recording recording;
    uint8_t packet[RTP_HEADER_BYTES + FRAME_SAMPLES]; /* of this tick, for a wire */
    atomic_int owners;                                /* the session is freed when the last one lets it go */
    struct group *group;                              /* of the plane that it is in */
    bool is_ready;                                    /* it is in the plane's list; the plane's lock guards this */
    void *python_session;                             /* Python's object; only Python uses it */
};

/* Give a session with one owner, or NULL: there is no memory. `handle` is a UDP socket, or -1 for a wire. */
struct session *session_new(const struct leg_settings *settings, uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
                            int handle);

void session_keep(struct session *session);

void session_let_go(struct session *session);

/* --- commands */

/* End it, at once even within a tick; after this, its socket and its encoder are not used. */
void session_close(struct session *session);

/* See leg_direct. Say whether a wire is to be connected to the address. */
bool session_direct(struct session *session, struct address address);

/* Let the caller's audio flow to a stream: up to `messages` of it wait for Python. False if there is no memory. */
bool session_attach(struct session *session, struct message_encoder *encoder, unsigned messages);

void session_detach(struct session *session);

void session_hold(struct session *session);

void session_drain(struct session *session);

/* Begin a recording, or end it; the recorded audio waits in `recording`. False if there is no memory. */
bool session_record(struct session *session, bool begin);

int64_t session_play(struct session *session, const uint8_t *pcm, size_t bytes, bool continues);

int session_mark(struct session *session, uint32_t mark, uint32_t *answered);

size_t session_clear(struct session *session, bool finish_message, uint32_t answered[MARKS_MAX]);

int64_t session_queued_ms(struct session *session);

/* The counts so far; see LegCounts in exoswitch/rtp/session.py. */
struct session_counts {
    struct leg_counts leg;
    int64_t unsent, flooded, unrecorded, untold;
};

struct session_counts session_counts(struct session *session);

/* Serve the socket of the stream, until Python ends it; false: the stream's messages are too long, or it is gone. The
 * caller locks. */
bool session_serve(struct session *session, struct serving *serving);

void session_end_serving(struct session *session);

/* Take the oldest message that waits for the stream of this encoder; false if there is none. The caller locks. */
bool session_take_message(struct session *session, const struct message_encoder *encoder, struct event *taken);

/* Number a message that the stream writes next; 0: write first the message that `before` is now. The caller locks. */
uint64_t session_next_number(struct session *session, struct message_encoder *encoder, struct event *before);

/* Take the oldest event, as `events_take`; a message is written next. The caller locks. */
bool session_take_event(struct session *session, struct event *event);

/* --- network and clock */

bool session_accepts(struct session *session, struct address address);

void session_datagram(struct session *session, const uint8_t *data, size_t size, struct address address, double now);

/* Say whether at most its share of datagrams, beyond the first, has been read in this tick; if not, count it once. */
bool session_has_share(struct session *session, int share, double now);

/* Read at most this number of datagrams from the socket. */
void session_receive(struct session *session, int at_most, double now);

/* Note what epoll tells of the stream's socket, or that there is work; without the lock. */
void session_note_bot(struct session *session, uint32_t events);

/* Read the stream's socket, if it is served and has news; say whether there are events. */
bool session_read_bot(struct session *session);

void session_forgive(struct session *session, double gap_s);

enum session_state { SESSION_CLOSED, SESSION_QUIET, SESSION_HAS_EVENTS };

/* Let 20 ms pass. */
enum session_state session_tick(struct session *session, double now);

#endif
