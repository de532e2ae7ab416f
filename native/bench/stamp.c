/* Stamps: the time at which a frame of audio was sent, in its first samples; for a phone's frame, also in its last.
 *
 * Each sample carries four bits: one of 16 µ-law codes, whose PCM values µ-law encodes to the same codes again. The
 * last sample is a checksum: concealed and silent audio has no stamp.
 */

#include "stamp.h"

enum { SIGN_AND_MIDDLE = 0x84, CODE_MASK = 0x87, ULAW_BIAS = 132, SALT = 0x9, CODES = 16 };

static uint8_t code_of(unsigned nibble)
{
    return (uint8_t)(SIGN_AND_MIDDLE | nibble << 3);
}

/* Decode a positive µ-law code (ITU-T G.711, table 2a). */
static int16_t sample_of(unsigned nibble)
{
    unsigned code = (unsigned)~code_of(nibble) & 0xFF;
    int exponent = (code >> 4) & 7;
    int mantissa = code & 15;
    return (int16_t)((((mantissa << 3) + ULAW_BIAS) << exponent) - ULAW_BIAS);
}

/* Split a stamp into the bits of its samples. */
static void nibbles_of(struct stamp stamp, unsigned nibbles[STAMP_SAMPLES])
{
    unsigned sum = SALT;
    for (int i = 0; i < 6; i++)
        nibbles[i] = (stamp.at >> (4 * i)) & 15;
    nibbles[6] = stamp.flags & 15;
    for (int i = 0; i < 7; i++)
        sum += nibbles[i] * (unsigned)(2 * i + 1);
    nibbles[7] = sum & 15;
}

static int16_t pcm_at(const uint8_t *pcm, int sample)
{
    return (int16_t)(pcm[2 * sample] | pcm[2 * sample + 1] << 8);
}

static bool stamp_of(const unsigned nibbles[STAMP_SAMPLES], struct stamp *stamp)
{
    unsigned expected[STAMP_SAMPLES];
    stamp->at = 0;
    for (int i = 0; i < 6; i++)
        stamp->at |= nibbles[i] << (4 * i);
    stamp->flags = nibbles[6];
    nibbles_of(*stamp, expected);
    return expected[7] == nibbles[7];
}

void stamp_write_ulaw(uint8_t *codes, struct stamp stamp)
{
    unsigned nibbles[STAMP_SAMPLES];
    nibbles_of(stamp, nibbles);
    for (int i = 0; i < STAMP_SAMPLES; i++)
        codes[i] = code_of(nibbles[i]);
}

void stamp_write_pcm(uint8_t *pcm, struct stamp stamp)
{
    unsigned nibbles[STAMP_SAMPLES];
    nibbles_of(stamp, nibbles);
    for (int i = 0; i < STAMP_SAMPLES; i++) {
        uint16_t sample = (uint16_t)sample_of(nibbles[i]);
        pcm[2 * i] = (uint8_t)sample;
        pcm[2 * i + 1] = (uint8_t)(sample >> 8);
    }
}

bool stamp_read_ulaw(const uint8_t *codes, struct stamp *stamp)
{
    unsigned nibbles[STAMP_SAMPLES];
    for (int i = 0; i < STAMP_SAMPLES; i++) {
        if ((codes[i] & CODE_MASK) != SIGN_AND_MIDDLE)
            return false;
        nibbles[i] = (codes[i] >> 3) & 15;
    }
    return stamp_of(nibbles, stamp);
}

bool stamp_read_pcm(const uint8_t *pcm, struct stamp *stamp)
{
    unsigned nibbles[STAMP_SAMPLES];
    for (int i = 0; i < STAMP_SAMPLES; i++) {
        int16_t sample = pcm_at(pcm, i);
        unsigned nibble = 0;
        while (nibble < CODES && sample_of(nibble) != sample)
            nibble++;
        if (nibble == CODES)
            return false;
        nibbles[i] = nibble;
    }
    return stamp_of(nibbles, stamp);
}

/* Fade from one sample to another at a place in the frame, as `spliced` in exoswitch/audio/concealment.py does. */
static int faded(int first, int second, int at)
{
    int change = (second - first) * at; /* over the length of a frame, rounded down */
    return first + (change >= 0 ? change / FRAME_SAMPLES : -((FRAME_SAMPLES - 1 - change) / FRAME_SAMPLES));
}

/* Find the two codes of which the same sample of both stamps is made; there is one pair at most. */
static bool part(int begin, int end, int at, unsigned *first, unsigned *second)
{
    for (*first = 0; *first < CODES; ++*first)
        for (*second = 0; *second < CODES; ++*second)
            if (faded(sample_of(*first), sample_of(*second), at) == begin &&
                faded(sample_of(*first), sample_of(*second), STAMP_AT_END + at) == end)
                return true;
    return false;
}

bool stamp_read_joined(const uint8_t *begin, const uint8_t *end, struct stamp stamps[2])
{
    unsigned first[STAMP_SAMPLES], second[STAMP_SAMPLES];
    for (int i = 0; i < STAMP_SAMPLES; i++)
        if (!part(pcm_at(begin, i), pcm_at(end, i), i, &first[i], &second[i]))
            return false;
    return stamp_of(first, &stamps[0]) && stamp_of(second, &stamps[1]);
}

uint32_t stamp_age(struct stamp stamp, uint32_t now)
{
    return (now - stamp.at) & STAMP_MASK;
}
