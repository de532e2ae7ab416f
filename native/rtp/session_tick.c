/* What the network and the clock do to a call in a plane: `Plane._tick_session` in exoswitch/rtp/plane.py. */

#include <limits.h>
#include <string.h>

#include "session.h"

enum { COUNTED = INT_MAX };

void session_datagram(struct session *session, const uint8_t *data, size_t size, struct address address, double now)
{
    pthread_mutex_lock(&session->lock);
    leg_datagram(&session->leg, data, size, address, now);
    pthread_mutex_unlock(&session->lock);
}

bool session_has_share(struct session *session, int share, double now)
{
    pthread_mutex_lock(&session->lock);
    bool has_share = session->received_at != now || session->received <= share;
    if (!has_share && session->received != COUNTED) {
        session->flooded++;
        session->received = COUNTED;
    }
    pthread_mutex_unlock(&session->lock);
    return has_share;
}

void session_receive(struct session *session, int at_most, double now)
{
    uint8_t data[RTP_MAX_BYTES];
    struct address address;
    pthread_mutex_lock(&session->lock);
    if (session->received_at != now)
        session->received = 0;
    session->received_at = now;
    leg_prefetch(&session->leg); /* while the kernel finds the datagram */
    while (!session->closed && at_most-- > 0) {
        ssize_t size = endpoint_receive(&session->endpoint, data, sizeof data, &address);
        if (size < 0)
            break;
        session->received++;
        leg_datagram(&session->leg, data, (size_t)size, address, now);
    }
    pthread_mutex_unlock(&session->lock);
}

/* Give what serves the stream that is attached. */
static struct serving *session_serving(const struct session *session)
{
    bool is_served = session->serving != NULL && session->stream != 0 && session->serving->stream == session->stream;
    return is_served ? session->serving : NULL;
}

void session_note_bot(struct session *session, uint32_t events)
{
    atomic_fetch_or(&session->bot_news, events);
}

/* Tell Python to act on the socket; false: there is no memory, and the next tick looks at the socket again. */
static bool session_tell_socket(struct session *session, struct serving *serving)
{
    if (events_add(&session->events, (struct event){.kind = EVENT_SOCKET}))
        return true;
    bot_socket_not_told(&serving->bot);
    session_note_bot(session, SESSION_BOT_WORK);
    return false;
}

/* Look at the socket in the next tick, too, if work is left. */
static void session_note_rest(struct session *session, const struct serving *serving)
{
    if (bot_socket_has_work(&serving->bot))
        session_note_bot(session, SESSION_BOT_WORK);
}

bool session_read_bot(struct session *session)
{
    if (atomic_load_explicit(&session->bot_news, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&session->lock);
    uint32_t news = atomic_exchange(&session->bot_news, 0);
    struct serving *serving = session_serving(session);
    bool has_news = serving != NULL && serving_read(serving, &session->leg, news & ~(uint32_t)SESSION_BOT_WORK) &&
                    session_tell_socket(session, serving);
    if (serving != NULL)
        session_note_rest(session, serving);
    pthread_mutex_unlock(&session->lock);
    return has_news;
}

void session_forgive(struct session *session, double gap_s)
{
    pthread_mutex_lock(&session->lock);
    leg_forgive(&session->leg, gap_s);
    pthread_mutex_unlock(&session->lock);
}

static void session_connect(struct session *session)
{
    bool has_wire = session->endpoint.handle < 0;
    if (!has_wire)
        endpoint_connect(&session->endpoint, session->leg.remote);
    session->connected = !has_wire || events_add(&session->events, (struct event){.kind = EVENT_CONNECT});
}

static void session_send(struct session *session, const struct leg_tick *tick)
{
    if (session->endpoint.handle >= 0) {
        endpoint_send(&session->endpoint, tick->packet, sizeof tick->packet, session->leg.remote);
    } else {
        memcpy(session->packet, tick->packet, sizeof session->packet);
        events_add_or_lose(&session->events, (struct event){.kind = EVENT_PACKET});
    }
}

/* Write past Python, unless messages wait for it that go first. */
static bool session_writes(const struct session *session, const struct serving *serving)
{
    return serving != NULL && session->events.slot_count == 0 && serving_takes(serving);
}

static void session_add_message(struct session *session, const int16_t pcm[FRAME_SAMPLES])
{
    struct message_encoder *messages = session->messages;
    struct serving *serving = session_serving(session);
    if (session_writes(session, serving)) {
        if (serving_write(serving, messages, pcm))
            session_tell_socket(session, serving);
        session_note_rest(session, serving);
        return;
    }
    size_t size = message_encoder_add(messages, pcm, events_slot(&session->events));
    if (size > 0 && events_add_message(&session->events, session->stream, size))
        messages->dropped_ms += messages->chunk_ms;
}

/* Tell Python what the call waits for; without memory, the next tick does. */
static void session_tell_call(struct session *session, const struct leg_tick *tick)
{
    struct leg *leg = &session->leg;
    if (tick->is_silent &&
        !events_add(&session->events, (struct event){.kind = EVENT_MEDIA_LOST, .silent_s = tick->silent_s}))
        leg->awaiting = true;
    if (leg->state == LEG_DRAINED && events_add(&session->events, (struct event){.kind = EVENT_FINISHED}))
        leg->state = LEG_IDLE;
}

/* The RTP packet goes first: the stream and the call cannot delay it. */
static void session_pass(struct session *session, double now)
{
    struct leg *leg = &session->leg;
    struct leg_tick tick;
    if (!session->connected && leg_is_heard(leg) && leg->has_remote)
        session_connect(session);
    leg_tick(leg, now, &tick);
    if (tick.has_packet && leg->has_remote)
        session_send(session, &tick);
    if (tick.has_pcm && session->stream != 0)
        session_add_message(session, tick.pcm);
    for (size_t at = 0; at < tick.mark_count; at++)
        events_add_or_lose(&session->events,
                           (struct event){.kind = EVENT_MARK, .stream = session->stream, .mark = tick.marks[at]});
    session_tell_call(session, &tick);
}

enum session_state session_tick(struct session *session, double now)
{
    enum session_state state = SESSION_CLOSED;
    pthread_mutex_lock(&session->lock);
    if (!session->closed) {
        session_pass(session, now);
        bool has_events = session->events.count > 0 || session->recording.count > 0;
        state = has_events ? SESSION_HAS_EVENTS : SESSION_QUIET;
    }
    pthread_mutex_unlock(&session->lock);
    return state;
}
