/* The load: all phones and all bots of a benchmark, on one loop with steps of 1 ms. */

#ifndef EXOSWITCH_BENCH_LOAD_H
#define EXOSWITCH_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "bot.h"
#include "phone.h"
#include "speech.h"
#include "tally.h"

struct ssl_ctx_st;

struct load {
    int epoll;
    int listener; /* of the bots */
    struct ssl_ctx_st *tls;
    int phones_count, bots_count;
    struct phone *phones;
    struct bot *bots;
    struct speech speech;
    int64_t origin_ns; /* of the steps, by the monotonic clock */
    int64_t steps;     /* that were done */
    bool is_asked;     /* a bot waits for the answer to its request */
    struct tally tally;
};

/* Bind the port of the bots, and one for each phone; false with errno. `counted` phones come first, `frames` are in a
 * message. `tls` is NULL without TLS. */
bool load_init(struct load *load, int phones, int counted, int frames, struct ssl_ctx_st *tls);

/* Give the port of the bots, or of a phone. */
int load_bot_port(const struct load *load);
int load_phone_port(const struct load *load, int phone);

/* Let everyone talk until a time of the monotonic clock, or until a bot is asked to upgrade. */
void load_run(struct load *load, int64_t until_ns);

/* Count frames that are sent from now on, for a time; all counts begin at 0. */
void load_measure(struct load *load, double seconds);

void load_close(struct load *load);

#endif
