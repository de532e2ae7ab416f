/* The form of a bot's media messages: the text around the audio, as a message that Python parsed has it.
 *
 * See BotMessageReader in exoswitch/exotel/stream/messages.py. A form also takes messages that differ from the parsed
 * one in their numbers: digits in the place of digits cannot change what the rest of the JSON means. */

#ifndef EXOSWITCH_MEDIA_FORM_H
#define EXOSWITCH_MEDIA_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FORM_TEXT_BYTES = 1000,
    FORM_PARTS = 24,
    FORM_NUMBER_DIGITS = 18, /* of a number that is written without quotes: a 64-bit integer in every program */
    FORM_STRING_DIGITS = 32,
};

/* What stands behind a fixed part of the form. */
enum form_gap {
    GAP_AUDIO,
    GAP_DIGITS, /* in a string, or behind a decimal point: any digits */
    GAP_NUMBER, /* an integer as JSON has it: without a leading zero */
    GAP_END,
};

struct form_part {
    uint16_t end; /* of the fixed part, in `text` */
    uint8_t gap;  /* enum form_gap */
};

struct media_form {
    char text[FORM_TEXT_BYTES]; /* of all fixed parts */
    struct form_part parts[FORM_PARTS];
    unsigned count; /* of parts; 0: no form is known */
};

/* Learn the form from the text before the audio, with its quote, and the text behind it, with its quote.
 *
 * They are of a JSON message that has no backslash. Gives false, and forgets the form, if they are too long. */
bool media_form_learn(struct media_form *form, const char *head, size_t head_size, const char *tail, size_t tail_size);

void media_form_forget(struct media_form *form);

/* Find the audio of a message, as base64 that is not checked; NULL if the message has another form. */
const char *media_form_match(const struct media_form *form, const char *message, size_t size, size_t *audio_size);

#endif
