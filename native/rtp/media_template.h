/* The text of a stream's media messages, cut at its four values; see MediaEncoding in exoswitch/call/media.py. */

#ifndef EXOSWITCH_MEDIA_TEMPLATE_H
#define EXOSWITCH_MEDIA_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TEMPLATE_VALUES = 4,        /* number in the stream, number among the media messages, time in ms, audio in base64 */
    TEMPLATE_NUMBER_BYTES = 20, /* the longest number of 64 bits */
};

struct media_template {
    char *text;                       /* of all parts, one after the other */
    size_t ends[TEMPLATE_VALUES + 1]; /* of each part in `text`; the values stand between the parts */
};

/* Cut a template of Python's `%`, with `%d` for each number and `%b` or `%s` for the audio.
 * Gives false if it is none, or if there is no memory. */
bool media_template_cut(struct media_template *template, const char *text, size_t size);

void media_template_free(struct media_template *template);

/* The longest message with this number of bytes of PCM. */
size_t media_template_room(const struct media_template *template, size_t pcm_bytes);

/* Write a message to `out`, which has room for it; gives its size. */
size_t media_template_write(const struct media_template *template, const uint64_t numbers[TEMPLATE_VALUES - 1],
                            const int16_t *pcm, size_t pcm_bytes, char *out);

#endif
