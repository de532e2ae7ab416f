/* A plane with one call, to which the kernel refuses memory, or to watch a socket; it says what Python is told then.
 *
 *     plane_refused CASE
 *
 * Linked with `--wrap` for the functions below that are `__wrap_…`. */

#define _GNU_SOURCE /* pthread_timedjoin_np */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "plane.h"

static const char HEAD[] = "{\"event\":\"media\",\"media\":{\"payload\":\"", TAIL[] = "\"}}", OTHER[] = "\x81\x02{}";
static const struct address ASTERISK = {.host = 1, .port = 1};
static const double FRAME_S = 0.02;

static bool is_malloc_refused, is_realloc_refused, is_watch_refused;
static pthread_t ticker;
static bool is_ticker_waiting;
static struct plane plane;
static struct session *session;
static struct message_encoder *messages;
static struct serving *serving;
static int near = -1, far = -1; /* the ends of the connection to the bot */
static double now = 1;

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_epoll_ctl(int epoll, int how, int handle, struct epoll_event *wanted);

void *__wrap_malloc(size_t size)
{
    return is_malloc_refused ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return is_realloc_refused ? NULL : __real_realloc(memory, size);
}

static void *tick_in_thread(void *nothing)
{
    plane_tick(&plane, now);
    return nothing;
}

/* Refuse to watch; a tick of another thread may come before the refusal is known. */
int __wrap_epoll_ctl(int epoll, int how, int handle, struct epoll_event *wanted)
{
    struct timespec until;
    if (!is_watch_refused || how != EPOLL_CTL_ADD)
        return __real_epoll_ctl(epoll, how, handle, wanted);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 50000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_create(&ticker, NULL, tick_in_thread, NULL) != 0)
        abort();
    is_ticker_waiting = pthread_timedjoin_np(ticker, NULL, &until) != 0;
    errno = ENOSPC;
    return -1;
}

/* Watch sockets again, and let the tick end that waited for the refusal: one thread ticks at a time. */
static void end_refusal(void)
{
    is_watch_refused = false;
    if (is_ticker_waiting)
        pthread_join(ticker, NULL);
    is_ticker_waiting = false;
}

/* Let 20 ms pass; write what Python is told, but for RTP and the caller's audio. */
static void tick(const char *when)
{
    struct event event;
    plane_tick(&plane, now);
    now += FRAME_S;
    printf("%s:", when);
    while (session_take_event(session, &event)) {
        switch (event.kind) {
        case EVENT_CONNECT: fputs(" connect", stdout); break;
        case EVENT_MEDIA_LOST: fputs(" lost", stdout); break;
        case EVENT_SOCKET: fputs(" socket", stdout); break;
        case EVENT_FINISHED: fputs(" finished", stdout); break;
        case EVENT_PACKET: case EVENT_MEDIA: case EVENT_MARK: break;
        }
    }
    putchar('\n');
}

static void tick_without_memory(void)
{
    is_malloc_refused = is_realloc_refused = true;
    tick("without");
    is_malloc_refused = is_realloc_refused = false;
}

static struct session *new_session(int handle)
{
    const struct leg_settings settings = {
        .source_host = ASTERISK.host, .law = &ULAW, .jitter_max_ms = 200, .playout_max_s = 3, .silence_timeout_s = 0.5};
    return session_new(&settings, 1, 2, 3, handle);
}

static void begin(void)
{
    struct media_template template;
    if (!media_template_cut(&template, "%d %d %d %b", 11) || !plane_open(&plane))
        abort();
    session = new_session(-1);
    messages = message_encoder_new(template, SAMPLE_RATE_HZ, 1, false, 1);
    if (session == NULL || messages == NULL || !plane_add(&plane, session))
        abort();
    plane_tick(&plane, now); /* the plane has its memory then, and the call's queue of events has none */
    if (!session_attach(session, messages, 2))
        abort();
}

static void connect_bot(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
        abort();
    near = ends[0];
    far = ends[1];
    serving = serving_new(plane.tools, near, NULL);
    if (serving == NULL)
        abort();
}

static void serve(void)
{
    connect_bot();
    if (!plane_serve(session, serving))
        abort();
}

static void say(const void *data, size_t count)
{
    if (send(far, data, count, MSG_NOSIGNAL) != (ssize_t)count)
        abort();
}

/* Write how many bytes come from an end, and whether nothing comes behind them. */
static void read_all(int end)
{
    static char data[1 << 20];
    ssize_t all = 0, count;
    while ((count = recv(end, data, sizeof data, 0)) > 0)
        all += count;
    printf("%zd bytes%s\n", all, count == 0 ? ", and the end" : "");
}

/* Take the bytes that wait for Python, and play media messages from now on. */
static void take_and_go_on(void)
{
    static struct bot_scratch scratch;
    struct bot_socket *bot = &serving->bot;
    bytes_drop(&bot->unread, bot->for_python);
    bot->for_python = 0;
    media_form_learn(&bot->form, HEAD, sizeof HEAD - 1, TAIL, sizeof TAIL - 1);
    printf("more: %d\n", serving_go_on(serving, &session->leg, &scratch, true));
    session_note_bot(session, SESSION_BOT_WORK);
}

/* --- the cases */

static void a_frame_for_python(void)
{
    serve();
    say(OTHER, sizeof OTHER - 1);
    is_malloc_refused = true;
    tick("without");
    is_malloc_refused = false;
    tick("with");
    take_and_go_on();
    say(OTHER, sizeof OTHER - 1);
    tick("with");
    tick("with");
}

static void a_bot_that_is_gone(void)
{
    serve();
    close(far);
    tick_without_memory();
    tick("with");
    tick("with");
}

static void a_bot_that_does_not_read(void)
{
    static const uint8_t much[1 << 20];
    serve();
    serving->is_numbering = false;
    bot_link_write(&serving->bot.link, much, sizeof much);
    tick_without_memory();
    tick("with");
    tick("with");
}

static void an_end_of_a_drain(void)
{
    session_direct(session, ASTERISK);
    session_drain(session);
    tick_without_memory();
    tick("with");
    tick("with");
}

static void a_silence(void)
{
    session_direct(session, ASTERISK);
    session_detach(session);
    tick("with");
    events_free(&session->events);
    now += 0.6; /* less than a pause of the process */
    tick_without_memory();
    tick("with");
    tick("with");
}

static void a_heard_remote(void)
{
    static const uint8_t packet[RTP_HEADER_BYTES + FRAME_SAMPLES] = {0x80};
    session_direct(session, ASTERISK);
    session_datagram(session, packet, sizeof packet, ASTERISK, now);
    tick_without_memory();
    tick("with");
    tick("with");
}

static void bytes_of_the_bot(void)
{
    serve();
    say(OTHER, sizeof OTHER - 2);
    is_realloc_refused = true;
    tick("without");
    is_realloc_refused = false;
    read_all(near);
}

static void bytes_for_the_bot(void)
{
    static const uint8_t much[1 << 20];
    serve();
    is_realloc_refused = true;
    printf("told: %d\n", bot_socket_write(&serving->bot, much, sizeof much));
    is_realloc_refused = false;
    printf("told: %d\n", bot_socket_write(&serving->bot, much, 1000));
    read_all(far);
}

static void a_watch_of_a_bot(void)
{
    connect_bot();
    say(OTHER, sizeof OTHER - 1);
    is_watch_refused = true;
    printf("served: %d\n", plane_serve(session, serving));
    end_refusal();
    tick("with");
    read_all(near);
}

static void a_watch_of_a_call(void)
{
    int handle = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct session *other = new_session(handle);
    is_watch_refused = true;
    printf("added: %d\n", plane_add(&plane, other));
    end_refusal();
    session_let_go(other);
    close(handle);
    tick("with");
    tick("with");
}

static const struct {
    const char *name;
    void (*run)(void);
} CASES[] = {
    {"a frame for python", a_frame_for_python},
    {"a bot that is gone", a_bot_that_is_gone},
    {"a bot that does not read", a_bot_that_does_not_read},
    {"an end of a drain", an_end_of_a_drain},
    {"a silence", a_silence},
    {"a heard remote", a_heard_remote},
    {"bytes of the bot", bytes_of_the_bot},
    {"bytes for the bot", bytes_for_the_bot},
    {"a watch of a bot", a_watch_of_a_bot},
    {"a watch of a call", a_watch_of_a_call},
};

int main(int count, char **arguments)
{
    for (size_t at = 0; count == 2 && at < sizeof CASES / sizeof *CASES; at++)
        if (strcmp(CASES[at].name, arguments[1]) == 0) {
            begin();
            CASES[at].run();
            return 0;
        }
    return 1;
}
