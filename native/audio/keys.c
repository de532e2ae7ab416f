/* Masking keys from ChaCha20, RFC 8439 section 2.3; the counter has 64 bits, so it never comes round. */

#include "keys.h"

#include <string.h>
#include <sys/random.h>

enum { COUNTER_LOW = 12, COUNTER_HIGH = 13, DOUBLE_ROUNDS = 10 };

static uint32_t rotated(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

static void quarter_round(uint32_t words[KEYS_WORDS], int a, int b, int c, int d)
{
    words[a] += words[b];
    words[d] = rotated(words[d] ^ words[a], 16);
    words[c] += words[d];
    words[b] = rotated(words[b] ^ words[c], 12);
    words[a] += words[b];
    words[d] = rotated(words[d] ^ words[a], 8);
    words[c] += words[d];
    words[b] = rotated(words[b] ^ words[c], 7);
}

static void next_block(struct keys *keys)
{
    uint32_t *words = keys->block;
    memcpy(words, keys->state, sizeof keys->block);
    for (int round = 0; round < DOUBLE_ROUNDS; round++) {
        for (int column = 0; column < 4; column++)
            quarter_round(words, column, column + 4, column + 8, column + 12);
        for (int row = 0; row < 4; row++)
            quarter_round(words, row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4);
    }
    for (int word = 0; word < KEYS_WORDS; word++)
        words[word] += keys->state[word];
    if (++keys->state[COUNTER_LOW] == 0)
        keys->state[COUNTER_HIGH]++;
    keys->used = 0;
}

void keys_seed(struct keys *keys, const uint8_t seed[KEYS_SEED_BYTES])
{
    static const char constants[16] = {'e', 'x', 'p', 'a', 'n', 'd', ' ', '3', '2', '-', 'b', 'y', 't', 'e', ' ', 'k'};
    memset(keys, 0, sizeof *keys);
    memcpy(keys->state, constants, sizeof constants);
    memcpy(keys->state + 4, seed, KEYS_SEED_BYTES);
    keys->used = KEYS_WORDS;
}

bool keys_open(struct keys *keys)
{
    uint8_t seed[KEYS_SEED_BYTES];
    if (getrandom(seed, sizeof seed, 0) != sizeof seed)
        return false;
    keys_seed(keys, seed);
    return true;
}

void keys_next(struct keys *keys, uint8_t key[4])
{
    if (keys->used == KEYS_WORDS)
        next_block(keys);
    memcpy(key, keys->block + keys->used, 4);
    keys->used++;
}
