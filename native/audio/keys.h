/* Masking keys that nobody can predict (RFC 6455 section 5.3): ChaCha20, seeded by the operating system. */

#ifndef EXOSWITCH_KEYS_H
#define EXOSWITCH_KEYS_H

#include <stdbool.h>
#include <stdint.h>

enum { KEYS_SEED_BYTES = 32, KEYS_WORDS = 16 };

struct keys {
    uint32_t state[KEYS_WORDS]; /* as in RFC 8439 section 2.3, with a counter of 64 bits */
    uint32_t block[KEYS_WORDS];
    unsigned used; /* words of the block */
};

/* Begin with this seed: for tests. */
void keys_seed(struct keys *keys, const uint8_t seed[KEYS_SEED_BYTES]);

/* Begin with a seed from the operating system; say whether it gave one. A copy of the keys repeats them. */
bool keys_open(struct keys *keys);

/* Give the next key. About 10 ns. */
void keys_next(struct keys *keys, uint8_t key[4]);

#endif
