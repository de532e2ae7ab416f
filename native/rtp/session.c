/* One call in a plane: its life, and the commands of Python; session_tick.c has what the clock does. */

#include "session.h"

#include <stdlib.h>
#include <string.h>

struct session *session_new(const struct leg_settings *settings, uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
                            int handle)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    if (!leg_init(&session->leg, settings, sequence, timestamp, ssrc)) {
        free(session);
        return NULL;
    }
    pthread_mutex_init(&session->lock, NULL);
    session->endpoint.handle = handle;
    atomic_init(&session->owners, 1);
    return session;
}

void session_keep(struct session *session)
{
    atomic_fetch_add(&session->owners, 1);
}

void session_let_go(struct session *session)
{
    if (atomic_fetch_sub(&session->owners, 1) > 1)
        return;
    leg_free(&session->leg);
    events_free(&session->events);
    recording_free(&session->recording);
    pthread_mutex_destroy(&session->lock);
    free(session);
}

void session_close(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    session->closed = true;
    session->stream = 0;
    session->messages = NULL;
    session->serving = NULL;
    pthread_mutex_unlock(&session->lock);
}

bool session_direct(struct session *session, struct address address)
{
    pthread_mutex_lock(&session->lock);
    leg_direct(&session->leg, address);
    bool is_connected = session->connected && !session->closed;
    bool has_wire = session->endpoint.handle < 0;
    if (is_connected && !has_wire)
        endpoint_connect(&session->endpoint, address);
    pthread_mutex_unlock(&session->lock);
    return is_connected && has_wire;
}

bool session_attach(struct session *session, struct message_encoder *encoder, unsigned messages)
{
    pthread_mutex_lock(&session->lock);
    bool has_room = events_make_slots(&session->events, message_encoder_room(encoder), messages);
    if (has_room) {
        session->messages = encoder;
        session->stream = ++session->streams;
        leg_attach(&session->leg);
        events_drop_finished(&session->events);
    }
    pthread_mutex_unlock(&session->lock);
    return has_room;
}

void session_detach(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    session->stream = 0;
    leg_detach(&session->leg);
    events_drop_finished(&session->events);
    pthread_mutex_unlock(&session->lock);
}

void session_hold(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    session->stream = 0;
    leg_hold(&session->leg);
    events_drop_finished(&session->events);
    pthread_mutex_unlock(&session->lock);
}

void session_drain(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    session->stream = 0;
    leg_drain(&session->leg);
    events_drop_finished(&session->events);
    pthread_mutex_unlock(&session->lock);
}

bool session_serve(struct session *session, struct serving *serving)
{
    bool can_serve = session->stream != 0 && session->serving == NULL && serving_has_room(session->messages);
    if (can_serve) {
        serving->stream = session->stream;
        session->serving = serving;
        atomic_store(&session->bot_news, SESSION_BOT_WORK);
    }
    return can_serve;
}

void session_end_serving(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    session->serving = NULL;
    pthread_mutex_unlock(&session->lock);
}

/* Let no message go out past the one that Python writes next. */
static void session_await_write(struct session *session)
{
    if (session->serving != NULL)
        session->serving->is_numbering = true;
}

static bool session_has_stream_of(const struct session *session, const struct message_encoder *encoder)
{
    return session->stream != 0 && session->messages == encoder;
}

bool session_take_message(struct session *session, const struct message_encoder *encoder, struct event *taken)
{
    return session_has_stream_of(session, encoder) && events_take_message(&session->events, taken);
}

uint64_t session_next_number(struct session *session, struct message_encoder *encoder, struct event *before)
{
    if (session_has_stream_of(session, encoder))
        session_await_write(session);
    return session_take_message(session, encoder, before) ? 0 : message_encoder_next_number(encoder);
}

bool session_take_event(struct session *session, struct event *event)
{
    bool is_there = events_take(&session->events, event);
    if (is_there && event->kind == EVENT_MEDIA)
        session_await_write(session);
    return is_there;
}

bool session_record(struct session *session, bool begin)
{
    struct tape_sink sink = {.take = recording_take, .of = &session->recording};
    pthread_mutex_lock(&session->lock);
    bool is_done = leg_record(&session->leg, begin ? &sink : NULL);
    pthread_mutex_unlock(&session->lock);
    return is_done;
}

int64_t session_play(struct session *session, const uint8_t *pcm, size_t bytes, bool continues)
{
    pthread_mutex_lock(&session->lock);
    int64_t dropped_ms = leg_play(&session->leg, pcm, bytes, continues);
    pthread_mutex_unlock(&session->lock);
    return dropped_ms;
}

int session_mark(struct session *session, uint32_t mark, uint32_t *answered)
{
    pthread_mutex_lock(&session->lock);
    int count = leg_mark(&session->leg, mark, answered);
    pthread_mutex_unlock(&session->lock);
    return count;
}

size_t session_clear(struct session *session, bool finish_message, uint32_t answered[MARKS_MAX])
{
    pthread_mutex_lock(&session->lock);
    size_t count = leg_clear(&session->leg, finish_message, answered);
    pthread_mutex_unlock(&session->lock);
    return count;
}

int64_t session_queued_ms(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    int64_t queued_ms = playout_queued_ms(&session->leg.playout);
    pthread_mutex_unlock(&session->lock);
    return queued_ms;
}

struct session_counts session_counts(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    struct session_counts counts = {
        .leg = leg_counts(&session->leg),
        .unsent = session->endpoint.send_errors,
        .flooded = session->flooded,
        .unrecorded = session->recording.lost_frames,
        .untold = (int64_t)session->events.lost,
    };
    pthread_mutex_unlock(&session->lock);
    return counts;
}

bool session_accepts(struct session *session, struct address address)
{
    pthread_mutex_lock(&session->lock);
    bool accepts = leg_accepts(&session->leg, address);
    pthread_mutex_unlock(&session->lock);
    return accepts;
}
