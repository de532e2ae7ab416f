/* The media messages that all bots send: one WebSocket frame, whose audio gets new stamps each time. */

#include "speech.h"

#include <string.h>

static const char BEGIN[] = "{\"event\":\"media\",\"stream_sid\":\"bench\",\"media\":{\"payload\":\"";
static const char END[] = "\"}}";
static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Write the groups of four characters that hold these bytes of the audio again.
 *
 * This is not native/audio/base64.c: only the groups of a stamp change, and the code that is measured does not judge
 * itself. */
static void encode(struct speech *speech, size_t from, size_t to)
{
    size_t total = (size_t)speech->frames * FRAME_BYTES;
    for (size_t group = from / 3; 3 * group < to; group++) {
        const uint8_t *in = speech->pcm + 3 * group;
        size_t left = total - 3 * group;
        uint32_t bits = (uint32_t)in[0] << 16 | (left > 1 ? (uint32_t)in[1] << 8 : 0) | (left > 2 ? in[2] : 0);
        uint8_t *out = speech->frame + speech->audio_at + 4 * group;
        for (int i = 0; i < 4; i++)
            out[i] = (uint8_t)ALPHABET[(bits >> (18 - 6 * i)) & 63];
        if (left < 3)
            out[3] = '=';
        if (left < 2)
            out[2] = '=';
    }
}

void speech_init(struct speech *speech, int frames)
{
    size_t audio = (size_t)frames * FRAME_BYTES;
    size_t text = (audio + 2) / 3 * 4;
    size_t length = sizeof BEGIN - 1 + text + sizeof END - 1;
    uint8_t head[4] = {0x81, 126, (uint8_t)(length >> 8), (uint8_t)length}; /* RFC 6455 §5.2: a whole text message */
    speech->frames = frames;
    speech->audio_at = sizeof head + sizeof BEGIN - 1;
    speech->size = sizeof head + length;
    memcpy(speech->frame, head, sizeof head);
    memcpy(speech->frame + sizeof head, BEGIN, sizeof BEGIN - 1);
    memcpy(speech->frame + speech->audio_at + text, END, sizeof END - 1);
    for (size_t i = 0; i < audio / 2; i++) {
        int16_t sample = (int16_t)((int)(i * 401) % 20000 - 10000);
        speech->pcm[2 * i] = (uint8_t)sample;
        speech->pcm[2 * i + 1] = (uint8_t)((uint16_t)sample >> 8);
    }
    encode(speech, 0, audio);
}

void speech_stamp(struct speech *speech, struct stamp stamp)
{
    for (int frame = 0; frame < speech->frames; frame++) {
        size_t at = (size_t)frame * FRAME_BYTES;
        struct stamp own = stamp;
        if (frame == 0)
            own.flags |= STAMP_FIRST;
        stamp_write_pcm(speech->pcm + at, own);
        encode(speech, at, at + STAMP_BYTES);
    }
}

static uint32_t value_of(uint8_t character)
{
    const char *found = character == 0 ? NULL : memchr(ALPHABET, character, sizeof ALPHABET - 1);
    return found == NULL ? 0 : (uint32_t)(found - ALPHABET);
}

/* Decode the samples of a stamp, from this byte of the audio on. */
static void decode(const uint8_t *message, size_t at, size_t from, const uint8_t mask[4], uint8_t pcm[STAMP_BYTES])
{
    enum { GROUPS = 6 }; /* 16 bytes, from any byte of a group on */
    uint8_t bytes[3 * GROUPS];
    size_t first = from / 3;
    for (size_t group = 0; group < GROUPS; group++) {
        uint32_t bits = 0;
        for (size_t i = 0; i < 4; i++) {
            size_t place = at + 4 * (first + group) + i;
            bits = bits << 6 | value_of(message[place] ^ mask[place & 3]);
        }
        bytes[3 * group] = (uint8_t)(bits >> 16);
        bytes[3 * group + 1] = (uint8_t)(bits >> 8);
        bytes[3 * group + 2] = (uint8_t)bits;
    }
    memcpy(pcm, bytes + from % 3, STAMP_BYTES);
}

bool speech_read(const uint8_t *message, size_t at, int frame, const uint8_t mask[4], struct stamp *stamp)
{
    uint8_t pcm[STAMP_BYTES];
    decode(message, at, (size_t)frame * FRAME_BYTES, mask, pcm);
    return stamp_read_pcm(pcm, stamp);
}

bool speech_read_joined(const uint8_t *message, size_t at, int frame, const uint8_t mask[4], struct stamp stamps[2])
{
    uint8_t begin[STAMP_BYTES], end[STAMP_BYTES];
    size_t from = (size_t)frame * FRAME_BYTES;
    decode(message, at, from, mask, begin);
    decode(message, at, from + 2 * STAMP_AT_END, mask, end);
    return stamp_read_joined(begin, end, stamps);
}
