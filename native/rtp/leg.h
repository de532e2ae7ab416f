/* One call's media: RTP from and to Asterisk, the caller's audio to the bot, the bot's audio to the caller.
 *
 * See exoswitch/rtp/leg.py. The driver gives it each datagram, and calls `leg_tick` every 20 ms; it has no clock of
 * its own: `now` is the driver's, in seconds, and never goes back. It does not lock: the driver lets one thread at a
 * time use a leg. Nothing is allocated in a tick. */

#ifndef EXOSWITCH_LEG_H
#define EXOSWITCH_LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "concealment.h"
#include "frames.h"
#include "g711.h"
#include "jitter.h"
#include "packet.h"
#include "playout.h"
#include "reception.h"
#include "tape.h"
#include "timeline.h"

/* What a leg does with the audio of both sides.
 *
 * All states play the queued audio of the bot. ATTACHED also gives the caller's audio. HOLDING plays the waiting
 * sound in every gap. DRAINING becomes DRAINED in the first tick with nothing to play; the driver makes it IDLE. */
enum leg_state { LEG_IDLE, LEG_ATTACHED, LEG_HOLDING, LEG_DRAINING, LEG_DRAINED };

/* The settings of a call's media.
 *
 * RTP may come from `source_host` until the exact address is known; 0 is none. We send in `law`. `waiting_sound`,
 * encoded in that law, is played while the call is on hold; an empty one is silence. It must outlive the leg. */
struct leg_settings {
    uint32_t source_host; /* in network byte order */
    const struct law *law;
    int jitter_max_ms;
    int playout_max_s;
    double silence_timeout_s;
    const uint8_t *waiting_sound;
    size_t waiting_samples;
};

/* The result of one tick of a call.
 *
 * `packet` goes to the leg's `remote`, `pcm` and then `marks` to the bot; `is_silent` is set in the one tick that
 * finds the caller's media missing for too long. */
struct leg_tick {
    bool has_pcm;
    bool has_packet;
    bool is_silent;
    double silent_s;
    size_t mark_count;
    uint32_t marks[MARKS_AT_ONCE];
    int16_t pcm[FRAME_SAMPLES];
    uint8_t packet[RTP_HEADER_BYTES + FRAME_SAMPLES];
};

/* One call's media; `playout` takes the bot's audio, its marks and clears.
 *
 * The parts `reception`, `jitter` and `playout` count, and so do these fields.
 *
 * `foreign` datagrams came from another address than this call's, `malformed` ones are no RTP, `unsupported` ones
 * are RTP of another codec than G.711. */
struct leg {
    struct leg_settings settings;
    bool has_remote;
    struct address remote;
    enum leg_state state;
    struct timeline timeline;
    struct jitter jitter;
    struct playout playout;
    int64_t foreign;
    int64_t malformed;
    int64_t unsupported;
    int64_t sent;
    struct tape *tape; /* NULL while the call is not recorded */
    bool is_waiting;   /* whether the waiting sound plays in the gaps of HOLDING */
    size_t waiting_at;
    struct concealer concealer;
    struct packetizer packetizer;
    bool talking;
    bool directed;
    int64_t received_before; /* packets before the last change of the address */
    bool awaiting;           /* whether missing media is to be reported */
    bool has_heard;
    double heard_at;
    struct reception reception; /* here, because its end is large and most often not used */
};

/* Begin; the three numbers are random, as RFC 3550 section 5.1 requires. Say whether there was memory.
 *
 * `Packetizer.begin` draws them in this order: getrandbits(16), getrandbits(32), getrandbits(32). */
bool leg_init(struct leg *leg, const struct leg_settings *settings, uint16_t sequence, uint32_t timestamp,
              uint32_t ssrc);

/* Free the memory of a leg that `leg_init` began. The rest of a recording is lost: end it before. */
void leg_free(struct leg *leg);

/* --- decisions of the call */

/* Send RTP to this address from now on, and accept it from nowhere else. */
void leg_direct(struct leg *leg, struct address remote);

/* Say whether RTP has come from the address to which this leg was directed. */
bool leg_is_heard(const struct leg *leg);

/* Let the caller's audio come out of the ticks from now on; audio that came before is dropped.
 *
 * While the call is recorded, the audio in the jitter buffer is not: it is due in the next ticks. */
void leg_attach(struct leg *leg);

/* Stop the caller's audio, and drop the bot's audio with its marks. */
void leg_detach(struct leg *leg);

/* Detach, and play the waiting sound until a stream is attached. */
void leg_hold(struct leg *leg);

/* Stop the caller's audio, and play the bot's audio to its end; then the state is DRAINED. */
void leg_drain(struct leg *leg);

/* Give both sides to this sink from the next tick on; NULL ends it, and gives the rest. Say whether there was memory;
 * without, the call is not recorded. The sink is called within this function and within `leg_tick`. */
bool leg_record(struct leg *leg, const struct tape_sink *sink);

/* Queue audio, put a mark, drop the audio: see playout.h. */
int64_t leg_play(struct leg *leg, const uint8_t *pcm, size_t bytes, bool continues);
int leg_mark(struct leg *leg, uint32_t mark, uint32_t *answered);
size_t leg_clear(struct leg *leg, bool finish_message, uint32_t answered[MARKS_MAX]);

/* --- network and clock */

/* Say whether a datagram from this address belongs to this call; if not, count it. */
bool leg_accepts(struct leg *leg, struct address address);

/* Take a datagram from the call's port. */
void leg_datagram(struct leg *leg, const uint8_t *data, size_t length, struct address address, double now);

/* Ask for the memory that the next datagram and the tick use. */
void leg_prefetch(const struct leg *leg);

/* Let 20 ms pass; audio that came before `now` is due. */
void leg_tick(struct leg *leg, double now, struct leg_tick *tick);

/* Do not count this time as silence of the caller: the process was paused. */
void leg_forgive(struct leg *leg, double gap_s);

/* --- counts */

/* The counts of all parts, as LegCounts in exoswitch/rtp/session.py has them; `unsent` is the driver's. */
struct leg_counts {
    int64_t received, lost, duplicate, reordered, stray;
    int64_t late, concealed, skipped;
    int64_t foreign, malformed, unsupported;
    int64_t sent;
    int64_t underruns, overflowed_samples, longest_samples;
    int64_t marks_played, marks_cleared, marks_lost, clears;
    double jitter_ms;
};

struct leg_counts leg_counts(const struct leg *leg);

#endif
