/* Ticks a plane in one thread while another gives commands, as Python does: for ThreadSanitizer and AddressSanitizer.
 *
 *     plane_threads MILLISECONDS SEED [CERTIFICATE_AND_KEY]
 *
 * Phones at real sockets send RTP to the calls, bots at real sockets talk to the plane, and calls come and go. With a
 * small GROUP_CALLS, all groups of the plane are in use, and grow. In the second half the ticks have the clock of
 * `ticking.c`. With a certificate, half of the bots use TLS. It says how much went through. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bot_end.h"
#include "plane.h"
#include "ticking.h"

enum { CALLS = PLANE_GROUPS * GROUP_CALLS + 8, PCM_BYTES = 9600, AUDIO_TEXT = 640 /* base64 of 480 zeros */ };

static const char TEMPLATE[] = "%d %d %d %b";
static const char HEAD[] = "{\"event\":\"media\",\"media\":{\"payload\":\"", TAIL[] = "\"}}", OTHER[] = "\x81\x02{}";

struct call {
    struct session *session; /* NULL: no call now */
    struct message_encoder *messages;
    int socket;
    int phone;
    struct packetizer stream;
    struct serving *serving; /* NULL: no socket of a bot is served */
    int served;
    struct tls *tls; /* of that socket; NULL: plain TCP */
    struct bot_end bot;
};

static struct plane plane;
static atomic_bool is_over;
static long events_taken, ticks, packets, bytes_to_bots, bytes_to_secured_bots;
static struct bot_scratch scratch; /* that of the tick may be in use */
static uint64_t random_state;

static unsigned chance(unsigned of)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (unsigned)(random_state >> 33) % of;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void pause_us(long microseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
}

static void *tick(void *nothing)
{
    while (!is_over) {
        plane_tick(&plane, seconds());
        ticks++;
        pause_us(200);
    }
    return nothing;
}

static int bound_socket(struct sockaddr_in *address)
{
    const int handle = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)address;
    if (handle < 0 || bind(handle, any, size) || getsockname(handle, any, &size))
        abort();
    return handle;
}

static void close_served(struct call *call)
{
    serving_free(call->serving);
    call->serving = NULL;
    tls_free(call->tls);
    close(call->served);
    bot_hang_up(&call->bot);
}

static void write_to_bot(struct call *call)
{
    pthread_mutex_lock(&call->session->lock);
    bot_socket_write(&call->serving->bot, (const uint8_t *)OTHER, sizeof OTHER - 1);
    call->serving->is_numbering = false;
    session_note_bot(call->session, SESSION_BOT_WORK);
    pthread_mutex_unlock(&call->session->lock);
}

static void serve(struct call *call)
{
    int ends[2];
    if (call->serving != NULL)
        return;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
        abort();
    call->served = ends[0];
    call->bot = (struct bot_end){.handle = ends[1]};
    call->tls = bots != NULL && chance(2) ? secure(&call->bot, call->served) : NULL;
    call->serving = serving_new(plane.tools, call->served, call->tls);
    if (call->serving == NULL)
        abort();
    if (plane_serve(call->session, call->serving))
        write_to_bot(call); /* the plane writes behind the stream's first message only */
    else
        close_served(call); /* no stream is attached */
}

/* Take the socket back, as `ServedSocket.take_back` does. */
static void end_serving(struct call *call)
{
    if (call->serving == NULL)
        return;
    plane_end_serving(call->session, call->serving);
    bot_socket_take_back(&call->serving->bot);
    if (call->tls != NULL)
        take_up(call->tls);
    close_served(call);
}

/* Let the bot say something, whole or in part, and read what the plane has said. */
static void talk(struct call *call)
{
    static char frame[4 + sizeof HEAD + AUDIO_TEXT + sizeof TAIL];
    const size_t text = sizeof HEAD - 1 + AUDIO_TEXT + sizeof TAIL - 1;
    memcpy(frame, "\x81\x7e", 2);
    frame[2] = (char)(text >> 8);
    frame[3] = (char)text;
    memcpy(frame + 4, HEAD, sizeof HEAD - 1);
    memset(frame + 4 + sizeof HEAD - 1, 'A', AUDIO_TEXT);
    memcpy(frame + 4 + sizeof HEAD - 1 + AUDIO_TEXT, TAIL, sizeof TAIL - 1);
    const bool is_media = chance(4) > 0;
    const char *said = is_media ? frame : OTHER;
    const size_t size = is_media ? 4 + text : sizeof OTHER - 1, cut = chance((unsigned)size);
    if (bot_send(&call->bot, said, cut)) {
        pause_us(50);
        bot_send(&call->bot, said + cut, size - cut);
    }
    *(call->tls == NULL ? &bytes_to_bots : &bytes_to_secured_bots) += bot_receive(&call->bot);
    if (chance(50) == 0)
        bot_finish(&call->bot);
}

/* Take the bytes that wait for Python, and go on behind them, as `ServedSocket.read` and `go_on` do. */
static void read_on(struct call *call)
{
    struct bot_socket *bot = &call->serving->bot;
    pthread_mutex_lock(&call->session->lock);
    if (bot_socket_takes(bot)) {
        bytes_drop(&bot->unread, bot->for_python);
        bot->for_python = 0;
        media_form_learn(&bot->form, HEAD, sizeof HEAD - 1, TAIL, sizeof TAIL - 1);
        serving_go_on(call->serving, &call->session->leg, &scratch, chance(8) > 0);
        session_note_bot(call->session, SESSION_BOT_WORK);
    }
    pthread_mutex_unlock(&call->session->lock);
}

static void use_socket(struct call *call)
{
    serve(call);
    if (call->serving == NULL)
        return;
    talk(call);
    read_on(call);
    switch (chance(20)) {
    case 0: end_serving(call); break;
    case 1: write_to_bot(call); break;
    }
}

static void attach(struct call *call)
{
    static const unsigned rates[] = {8000, 16000, 24000};
    struct media_template template;
    if (!media_template_cut(&template, TEMPLATE, strlen(TEMPLATE)))
        abort();
    struct message_encoder *messages = message_encoder_new(template, rates[chance(3)], 1 + chance(5), chance(2), 1);
    end_serving(call);
    if (messages == NULL || !session_attach(call->session, messages, 2))
        abort();
    message_encoder_free(call->messages); /* the session has let it go */
    call->messages = messages;
}

static void begin(struct call *call)
{
    const struct leg_settings settings = {
        .source_host = htonl(INADDR_LOOPBACK),
        .law = &ULAW,
        .jitter_max_ms = 200,
        .playout_max_s = 3,
        .silence_timeout_s = 1,
    };
    struct sockaddr_in here, there;
    call->socket = bound_socket(&here);
    call->phone = bound_socket(&there);
    if (connect(call->phone, (struct sockaddr *)&here, sizeof here))
        abort();
    call->stream = (struct packetizer){0, 1, 1, 1};
    call->session = session_new(&settings, 1, 2, 3, call->socket);
    call->messages = NULL;
    call->serving = NULL;
    if (call->session == NULL || !plane_add(&plane, call->session))
        abort();
    attach(call);
    session_direct(call->session, (struct address){there.sin_addr.s_addr, there.sin_port});
}

static void end(struct call *call)
{
    end_serving(call);
    plane_remove(&plane, call->session);
    session_let_go(call->session);
    message_encoder_free(call->messages);
    close(call->socket);
    close(call->phone);
    call->session = NULL;
}

static void speak(struct call *call)
{
    uint8_t packet[RTP_HEADER_BYTES + FRAME_SAMPLES];
    memset(packet, (int)chance(256), sizeof packet);
    packetizer_encode(&call->stream, FRAME_SAMPLES, false, packet);
    if (chance(20))
        send(call->phone, packet, sizeof packet, 0);
    while (recv(call->phone, packet, sizeof packet, 0) > 0)
        packets++;
}

static void hold(struct call *call)
{
    char *message = malloc(message_encoder_room(call->messages));
    pthread_mutex_lock(&call->session->lock);
    if (chance(3) == 0)
        message_encoder_hold(call->messages);
    else
        message_encoder_release(call->messages, message);
    message_encoder_next_number(call->messages);
    pthread_mutex_unlock(&call->session->lock);
    free(message);
}

static void command(struct call *call)
{
    static uint8_t pcm[PCM_BYTES];
    static uint32_t marks[MARKS_MAX];
    switch (chance(30)) {
    case 0: attach(call); break;
    case 1: end_serving(call); session_detach(call->session); break;
    case 2: end_serving(call); session_hold(call->session); break;
    case 3: end_serving(call); session_drain(call->session); break;
    case 4: session_record(call->session, chance(2)); break;
    case 5: session_clear(call->session, chance(2), marks); break;
    case 6: session_counts(call->session); break;
    case 7: session_queued_ms(call->session); break;
    case 8: case 9: session_mark(call->session, chance(1000), marks); break;
    case 10: hold(call); break;
    case 11: case 12: session_play(call->session, pcm, chance(PCM_BYTES), chance(2)); break;
    case 13: if (chance(10) == 0) end(call); break;
    default: use_socket(call); break;
    }
}

/* Take what the ticks found, as `Session._deliver` does. */
static void deliver(struct sessions *taken)
{
    plane_take_ready(&plane, taken);
    for (size_t at = 0; at < taken->count; at++) {
        struct session *session = taken->list[at];
        struct event event;
        struct recorded *part;
        pthread_mutex_lock(&session->lock);
        while (session_take_event(session, &event)) {
            events_taken++;
            if (event.kind == EVENT_MEDIA && memchr(event.message, ' ', event.size) == NULL)
                abort();
        }
        while ((part = recording_next(&session->recording)) != NULL)
            recording_reuse(&session->recording, part);
        pthread_mutex_unlock(&session->lock);
        session_let_go(session);
    }
    taken->count = 0;
}

static void use_calls_until(double until, struct call calls[CALLS], struct sessions *taken)
{
    while (seconds() < until) {
        struct call *call = &calls[chance(CALLS)];
        if (call->session == NULL)
            begin(call);
        speak(call);
        command(call);
        if (chance(4) == 0)
            deliver(taken);
        if (chance(20) == 0)
            pause_us(500);
    }
}

/* The same while the plane ticks by its own clock, which is stopped and started now and then. */
static void use_calls_of_clock(double half_s, struct call calls[CALLS], struct sessions *taken)
{
    static double lateness_s[LATENESS_KEPT];
    struct ticking ticking;
    size_t noted = 0;
    if (!ticking_open(&ticking, &plane, 0.05)) /* it is sometimes left alone for longer */
        abort();
    for (int part = 1; part <= 4; part++) {
        if (!ticking_start(&ticking))
            abort();
        for (double until = seconds() + half_s / 4; seconds() < until;) {
            use_calls_until(seconds() + 0.01, calls, taken);
            ticking_end_delivery(&ticking, ticking_begin_delivery(&ticking));
            noted += ticking_take_lateness(&ticking, lateness_s, LATENESS_KEPT) + ticking_skipped(&ticking);
        }
        ticking_stop(&ticking);
    }
    ticking_close(&ticking);
    if (noted == 0)
        abort();
}

int main(int count, char **arguments)
{
    const double half_s = (count > 1 ? atoi(arguments[1]) : 1000) * 0.0005;
    static struct call calls[CALLS];
    struct sessions taken = {0};
    pthread_t ticker;
    random_state = count > 2 ? (uint64_t)atoi(arguments[2]) : 1;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets whose other end may be closed */
    if (count > 3)
        secure_bots(arguments[3]);
    if (!plane_open(&plane) || pthread_create(&ticker, NULL, tick, NULL))
        abort();
    use_calls_until(seconds() + half_s, calls, &taken);
    is_over = true;
    pthread_join(ticker, NULL);
    use_calls_of_clock(half_s, calls, &taken);
    for (int at = 0; at < CALLS; at++)
        if (calls[at].session != NULL)
            end(&calls[at]);
    const size_t groups = plane.used;
    plane_close(&plane);
    free(taken.list);
    const bool is_secured = bots != NULL;
    forget_bots();
    printf("%ld ticks, %ld events, %ld packets, %ld and %ld bytes to bots, %zu groups\n", ticks, events_taken, packets,
           bytes_to_bots, bytes_to_secured_bots, groups);
    const bool has_bytes = bytes_to_bots && (bytes_to_secured_bots || !is_secured);
    return groups == PLANE_GROUPS && ticks && events_taken && packets && has_bytes ? 0 : 1;
}
