/* One phone: sends 20 ms of audio as RTP to the gateway's port, and takes what comes from there. */

#ifndef EXOSWITCH_BENCH_PHONE_H
#define EXOSWITCH_BENCH_PHONE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "tally.h"

struct phone {
    int fd;
    bool counts;    /* its frames are counted */
    bool has_heard; /* the gateway's address is known: packets came from it */
    struct sockaddr_in gateway;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
};

/* Bind a port on 127.0.0.1; give it, or -1 with errno. */
int phone_open(struct phone *phone, bool counts, uint32_t ssrc);

/* Send a packet to the address from which the last one came. */
void phone_send(struct phone *phone, struct tally *tally, uint32_t now);

/* Read one packet: a phone gets one in 20 ms. */
void phone_receive(struct phone *phone, struct tally *tally, uint32_t now);

void phone_close(struct phone *phone);

#endif
