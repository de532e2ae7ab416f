/* One call's media: see leg.h. */

#include "leg.h"

#include <stdlib.h>
#include <string.h>

#include "prefetch.h"

bool leg_init(struct leg *leg, const struct leg_settings *settings, uint16_t sequence, uint32_t timestamp,
              uint32_t ssrc)
{
    memset(leg, 0, sizeof *leg);
    leg->settings = *settings;
    reception_init(&leg->reception);
    playout_init(&leg->playout, settings->law, settings->playout_max_s);
    concealer_init(&leg->concealer);
    leg->packetizer = (struct packetizer){settings->law->payload_type, sequence, timestamp, ssrc};
    return jitter_init(&leg->jitter, (int)ms_to_samples(settings->jitter_max_ms));
}

void leg_free(struct leg *leg)
{
    jitter_free(&leg->jitter);
    playout_free(&leg->playout);
    free(leg->tape);
    leg->tape = NULL;
}

/* --- decisions of the call */

static void forget_source(struct leg *leg)
{
    jitter_restart(&leg->jitter);
    concealer_init(&leg->concealer);
}

static void await_media(struct leg *leg)
{
    leg->awaiting = true;
    leg->has_heard = false;
}

static bool is_remote(const struct leg *leg, struct address address)
{
    return leg->has_remote && address_equals(leg->remote, address);
}

void leg_direct(struct leg *leg, struct address remote)
{
    if (!is_remote(leg, remote)) {
        leg->has_remote = true;
        leg->remote = remote;
        leg->received_before = leg->reception.received;
        reception_await_source(&leg->reception);
        forget_source(leg);
    }
    leg->directed = true;
    await_media(leg);
}

bool leg_is_heard(const struct leg *leg)
{
    return leg->directed && leg->reception.received > leg->received_before;
}

void leg_attach(struct leg *leg)
{
    leg->state = LEG_ATTACHED;
    if (leg->tape == NULL)
        forget_source(leg);
    await_media(leg);
}

void leg_detach(struct leg *leg)
{
    leg->state = LEG_IDLE;
    playout_drop(&leg->playout);
}

void leg_hold(struct leg *leg)
{
    leg_detach(leg);
    leg->state = LEG_HOLDING;
    leg->is_waiting = leg->settings.waiting_samples > 0;
    leg->waiting_at = 0;
}

void leg_drain(struct leg *leg)
{
    leg->state = LEG_DRAINING;
}

bool leg_record(struct leg *leg, const struct tape_sink *sink)
{
    struct tape *tape = leg->tape;
    if (tape != NULL)
        tape_give(tape);
    else if (leg->state != LEG_ATTACHED)
        forget_source(leg);
    if (sink == NULL) {
        free(tape);
        leg->tape = NULL;
        return true;
    }
    if (tape == NULL && (tape = malloc(sizeof *tape)) == NULL)
        return false;
    tape_init(tape, *sink, leg->settings.law);
    leg->tape = tape;
    return true;
}

int64_t leg_play(struct leg *leg, const uint8_t *pcm, size_t bytes, bool continues)
{
    return playout_play(&leg->playout, pcm, bytes, continues);
}

int leg_mark(struct leg *leg, uint32_t mark, uint32_t *answered)
{
    return playout_mark(&leg->playout, mark, answered);
}

size_t leg_clear(struct leg *leg, bool finish_message, uint32_t answered[MARKS_MAX])
{
    return playout_clear(&leg->playout, finish_message, answered);
}

/* --- network */

bool leg_accepts(struct leg *leg, struct address address)
{
    if (leg->has_remote ? is_remote(leg, address) : address.host && address.host == leg->settings.source_host)
        return true;
    leg->foreign++;
    return false;
}

/* Note a sign of life. */
static void hear(struct leg *leg, double now)
{
    leg->awaiting = leg->has_heard = true;
    leg->heard_at = now;
}

/* Put a packet's audio into the jitter buffer. */
static void push(struct leg *leg, const struct law *law, const struct rtp_packet *packet, uint32_t position,
                 bool newest)
{
    int16_t pcm[RTP_MAX_PAYLOAD];
    law_decode(law, packet->payload, packet->length, pcm);
    jitter_push(&leg->jitter, position, pcm, (int)packet->length, newest);
}

/* Forget the old source; the new one is played from its first packet on, which this one has confirmed. */
static void begin_source(struct leg *leg, const struct rtp_packet *packet)
{
    jitter_restart(&leg->jitter);
    const struct rtp_packet *first = reception_first_of_source(&leg->reception);
    const struct law *law = first == NULL ? NULL : law_by_payload_type(first->payload_type);
    if (law == NULL) {
        timeline_restart(&leg->timeline, packet);
    } else {
        timeline_restart(&leg->timeline, first);
        push(leg, law, first, timeline_following(&leg->timeline, first, 0), true);
    }
}

/* Take comfort noise and key events as a sign of life and as a pause of the audio; count all else. */
static void take_without_audio(struct leg *leg, const struct rtp_packet *packet, double now)
{
    if (!packet_is_comfort_noise(packet) && !packet_is_key_event(packet)) {
        leg->unsupported++;
        return;
    }
    hear(leg, now);
    const enum arrival arrival = reception_numbered(&leg->reception, packet);
    if (arrival == ARRIVAL_RESTARTED)
        begin_source(leg, packet);
    else if (arrival == ARRIVAL_NEXT || arrival == ARRIVAL_AHEAD)
        jitter_pause(&leg->jitter);
}

/* Take a packet of audio to its place in the jitter buffer. */
static void take_audio(struct leg *leg, const struct law *law, const struct rtp_packet *packet, enum arrival arrival)
{
    struct timeline *timeline = &leg->timeline;
    const int apart = leg->reception.apart;
    switch (arrival) {
    case ARRIVAL_NEXT: push(leg, law, packet, timeline_following(timeline, packet, 0), true); break;
    case ARRIVAL_AHEAD: push(leg, law, packet, timeline_following(timeline, packet, apart), true); break;
    case ARRIVAL_REORDERED: push(leg, law, packet, timeline_earlier(timeline, packet, apart), false); break;
    case ARRIVAL_RESTARTED:
        begin_source(leg, packet);
        push(leg, law, packet, timeline_following(timeline, packet, 0), true);
        break;
    case ARRIVAL_DUPLICATE:
    case ARRIVAL_STRAY: break;
    }
}

void leg_datagram(struct leg *leg, const uint8_t *data, size_t length, struct address address, double now)
{
    struct rtp_packet packet;
    if (!leg_accepts(leg, address))
        return;
    if (!packet_parse(&packet, data, length < RTP_MAX_BYTES ? length : RTP_MAX_BYTES)) {
        leg->malformed++;
        return;
    }
    const struct law *law = law_by_payload_type(packet.payload_type);
    if (law == NULL) {
        take_without_audio(leg, &packet, now);
        return;
    }
    if (!leg->has_remote) {
        leg->has_remote = true;
        leg->remote = address;
    }
    hear(leg, now);
    const enum arrival arrival = reception_arrived(&leg->reception, &packet, now);
    if (leg->state == LEG_ATTACHED || leg->tape != NULL)
        take_audio(leg, law, &packet, arrival);
}

void leg_prefetch(const struct leg *leg)
{
    prefetch(leg, offsetof(struct leg, reception.kept));
    slots_prefetch(&leg->jitter.slots);
    playout_prefetch(&leg->playout);
}

/* --- clock */

/* Give the next 20 ms of the waiting sound, which repeats without a seam. */
static void take_waiting_sound(struct leg *leg, uint8_t frame[FRAME_SAMPLES])
{
    const size_t samples = leg->settings.waiting_samples;
    size_t at = leg->waiting_at, taken = 0;
    while (taken < FRAME_SAMPLES) {
        const size_t rest = samples - at, wanted = FRAME_SAMPLES - taken;
        const size_t part = rest < wanted ? rest : wanted;
        memcpy(frame + taken, leg->settings.waiting_sound + at, part);
        taken += part;
        at = at + part < samples ? at + part : 0;
    }
    leg->waiting_at = (leg->waiting_at + FRAME_SAMPLES) % samples;
}

/* Write the sound that replaces missing audio of the bot; say whether it is another than silence. */
static bool frame_of_none(struct leg *leg, uint8_t frame[FRAME_SAMPLES])
{
    if (leg->state == LEG_DRAINING)
        leg->state = LEG_DRAINED;
    if (leg->state == LEG_HOLDING && leg->is_waiting) {
        take_waiting_sound(leg, frame);
        return true;
    }
    memset(frame, leg->settings.law->silence, FRAME_SAMPLES);
    return false;
}

/* Write this tick's packet. */
static void take_packet(struct leg *leg, struct leg_tick *tick)
{
    uint8_t *payload = tick->packet + RTP_HEADER_BYTES;
    const bool has_sound = playout_pop(&leg->playout, payload) || frame_of_none(leg, payload);
    tick->mark_count = playout_due_marks(&leg->playout, tick->marks);
    packetizer_encode(&leg->packetizer, FRAME_SAMPLES, has_sound && !leg->talking, tick->packet);
    tick->has_packet = true;
    leg->talking = has_sound;
    leg->sent++;
}

static void caller_frame(struct leg *leg, int16_t pcm[FRAME_SAMPLES])
{
    if (jitter_pop(&leg->jitter, pcm)) {
        memcpy(leg->concealer.last, pcm, FRAME_BYTES);
        leg->concealer.repeated = 0;
    } else {
        concealer_conceal(&leg->concealer, pcm);
    }
}

/* Record this tick: both sides, silence where nothing is played. */
static void add_to_tape(struct leg *leg, const struct leg_tick *tick, double now)
{
    uint8_t silence[FRAME_SAMPLES];
    if (tick->has_packet) {
        tape_add(leg->tape, tick->pcm, tick->packet + RTP_HEADER_BYTES, now);
    } else {
        memset(silence, leg->settings.law->silence, FRAME_SAMPLES);
        tape_add(leg->tape, tick->pcm, silence, now);
    }
}

/* Find the time without media, once it is too long; then not again before media has returned. */
static void found_silent(struct leg *leg, struct leg_tick *tick, double now)
{
    if (!leg->has_heard) {
        leg->has_heard = true;
        leg->heard_at = now;
    }
    tick->silent_s = now - leg->heard_at;
    if (tick->silent_s >= leg->settings.silence_timeout_s) {
        tick->is_silent = true;
        leg->awaiting = false;
    }
}

void leg_tick(struct leg *leg, double now, struct leg_tick *tick)
{
    tick->has_pcm = tick->has_packet = tick->is_silent = false;
    tick->mark_count = 0;
    if (leg->has_remote)
        take_packet(leg, tick);
    const bool is_attached = leg->state == LEG_ATTACHED;
    if (is_attached || leg->tape != NULL)
        caller_frame(leg, tick->pcm);
    if (leg->tape != NULL)
        add_to_tape(leg, tick, now);
    tick->has_pcm = is_attached;
    if (leg->awaiting)
        found_silent(leg, tick, now);
}

void leg_forgive(struct leg *leg, double gap_s)
{
    if (leg->has_heard)
        leg->heard_at += gap_s;
}

/* --- counts */

struct leg_counts leg_counts(const struct leg *leg)
{
    const struct reception *reception = &leg->reception;
    const struct playout *playout = &leg->playout;
    return (struct leg_counts){
        .received = reception->received,
        .lost = reception->lost,
        .duplicate = reception->duplicate,
        .reordered = reception->reordered,
        .stray = reception->stray,
        .late = leg->jitter.late,
        .concealed = leg->jitter.concealed,
        .skipped = leg->jitter.skipped,
        .foreign = leg->foreign,
        .malformed = leg->malformed,
        .unsupported = leg->unsupported,
        .sent = leg->sent,
        .underruns = playout->underruns,
        .overflowed_samples = playout->overflowed_samples,
        .longest_samples = playout->longest_samples,
        .marks_played = playout->marks_played,
        .marks_cleared = playout->marks_cleared,
        .marks_lost = playout->marks_lost,
        .clears = playout->clears,
        .jitter_ms = reception_jitter_ms(reception),
    };
}
