/* ITU-T G.711: µ-law and A-law, to and from PCM, bit-exact; see exoswitch/audio/g711.py. */

#ifndef EXOSWITCH_G711_H
#define EXOSWITCH_G711_H

#include <stddef.h>
#include <stdint.h>

/* One of the two laws, with its RTP payload type (RFC 3551 section 6). One byte is one sample. */
struct law {
    const char *name;
    uint8_t payload_type;
    uint8_t silence;
};

extern const struct law ULAW;
extern const struct law ALAW;

/* Give the law with this RTP payload type, or NULL. */
const struct law *law_by_payload_type(uint8_t payload_type);

/* Expand so many codes to PCM. Every byte is a valid code. */
void law_decode(const struct law *law, const uint8_t *codes, size_t count, int16_t *pcm);

/* Compress so many samples. */
void law_encode(const struct law *law, const int16_t *pcm, size_t count, uint8_t *codes);

#endif
