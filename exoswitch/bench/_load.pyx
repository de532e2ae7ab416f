# cython: language_level=3
"""Adapter: the compiled load of a benchmark: phones and bots, which talk all the time and measure delays."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free


cdef extern from "openssl.h":
    const void *openssl() nogil

cdef extern from "tls_ends.h":
    struct ssl_ctx_st:
        pass
    ssl_ctx_st *tls_server(const char *certificate_file, const char *key_file) nogil

cdef extern from "clock.h":
    int64_t clock_now_ns() nogil

cdef extern from "delays.h":
    enum:
        DELAYS
    struct delays:
        uint32_t *counts

cdef extern from "tally.h":
    struct direction:
        uint64_t sent
        uint64_t arrived
        uint64_t joined
        delays delays
    struct tally:
        direction to_bot
        direction to_phone
        uint64_t packets_at_phones
        uint64_t messages_at_bots
        uint64_t bytes_at_bots
        uint64_t unsent
        delays late

cdef extern from "bot.h":
    enum bot_state:
        BOT_ASKED
    struct bot:
        bot_state state
        uint8_t *_in "in"
        size_t held
    bint bot_open(bot *bot, const uint8_t *answer, size_t size, bint counts, unsigned turn) nogil
    void bot_close(bot *bot) nogil

cdef extern from "load.h":
    struct load:
        int phones_count
        int bots_count
        bot *bots
        tally tally
    bint load_init(load *load, int phones, int counted, int frames, ssl_ctx_st *tls) nogil
    int load_bot_port(const load *load) nogil
    int load_phone_port(const load *load, int phone) nogil
    void load_run(load *load, int64_t until_ns) nogil
    void load_measure(load *load, double seconds) nogil
    void load_close(load *load) nogil


cdef list _delays(delays *counted):
    """Give the delays that were counted at least once, as (tenths of a millisecond, count)."""
    return [(i, counted.counts[i]) for i in range(DELAYS) if counted.counts[i]]


cdef dict _direction(direction *way):
    return {"sent": way.sent, "arrived": way.arrived, "joined": way.joined, "delays": _delays(&way.delays)}


cdef class Load:
    """Phones and bots; the audio of the first `counted` phones is counted, and a message has so many frames.

    With a certificate and its key, both PEM files, the bots use TLS.
    """

    cdef load *_load

    def __cinit__(self, int phones, int counted, int frames, str certificate, str key):
        cdef ssl_ctx_st *tls = NULL
        if certificate:
            tls = tls_server(certificate.encode(), key.encode())
            if tls is NULL:
                raise OSError("this machine has no OpenSSL, or it refuses the certificate")
        self._load = <load *>calloc(1, sizeof(load))
        if self._load is NULL or not load_init(self._load, phones, counted, frames, tls):
            raise OSError(f"no ports for {phones} phones, or too few descriptors (ulimit -n)")

    def __dealloc__(self):
        if self._load is not NULL:
            load_close(self._load)
            free(self._load)

    def bot_port(self):
        """Give the TCP port of the bots."""
        return load_bot_port(self._load)

    def phone_ports(self):
        """Give the UDP port of each phone."""
        return [load_phone_port(self._load, i) for i in range(self._load.phones_count)]

    def run(self, double seconds):
        """Let everyone talk for so long, or until a bot is asked to upgrade."""
        with nogil:
            load_run(self._load, clock_now_ns() + <int64_t>(seconds * 1e9))

    def requests(self):
        """Give the requests to upgrade that wait for an answer, each as (number of the bot, bytes)."""
        return [
            (i, bytes(self._load.bots[i]._in[: self._load.bots[i].held]))
            for i in range(self._load.bots_count)
            if self._load.bots[i].state == BOT_ASKED
        ]

    def answer(self, int number, bytes answer, bint counts):
        """Let a bot accept; from then on it talks, and its audio is counted if it `counts`."""
        if not bot_open(&self._load.bots[number], answer, len(answer), counts, 7 * number):
            bot_close(&self._load.bots[number])

    def measure(self, double seconds):
        """Count the audio that is sent in the next seconds; all counts begin at 0."""
        load_measure(self._load, seconds)

    def results(self):
        """Give the counts. Delays and lateness are pairs: tenths of a millisecond, and how often."""
        cdef tally *counted = &self._load.tally
        return {
            "to_bot": _direction(&counted.to_bot),
            "to_phone": _direction(&counted.to_phone),
            "late": _delays(&counted.late),
            "packets_at_phones": counted.packets_at_phones,
            "messages_at_bots": counted.messages_at_bots,
            "bytes_at_bots": counted.bytes_at_bots,
            "unsent": counted.unsent,
        }


def has_tls() -> bool:
    """Whether this machine has OpenSSL 1.1.1 or 3."""
    return openssl() is not NULL
