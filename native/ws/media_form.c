/* The form of a bot's media messages: the text around the audio, as a message that Python parsed has it. */

#include "media_form.h"

#include <string.h>

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool is_one_of(char character, const char *all)
{
    return character != '\0' && strchr(all, character) != NULL;
}

/* Say what may stand in the place of the digits between `from` and `to`; GAP_END if nothing else. */
static enum form_gap gap_between(const char *text, size_t size, size_t from, size_t to, bool in_string)
{
    if (in_string)
        return GAP_DIGITS;
    if (from == 0 || to == size)
        return GAP_END;
    if (text[from - 1] == '.')
        return is_one_of(text[to], ",}] ") ? GAP_DIGITS : GAP_END;
    return is_one_of(text[from - 1], ":,[ -") && is_one_of(text[to], ",}] .") ? GAP_NUMBER : GAP_END;
}

static bool end_part(struct media_form *form, size_t end, enum form_gap gap)
{
    if (form->count == FORM_PARTS)
        return false;
    form->parts[form->count++] = (struct form_part){.end = (uint16_t)end, .gap = (uint8_t)gap};
    return true;
}

/* Add a text to the form, in parts between its numbers; `end` is the end of the fixed text so far. */
static bool add_text(struct media_form *form, const char *text, size_t size, bool in_string, size_t *end)
{
    size_t at = 0;
    while (at < size) {
        size_t stop = at + 1;
        if (is_digit(text[at])) {
            while (stop < size && is_digit(text[stop]))
                stop++;
            enum form_gap gap = gap_between(text, size, at, stop, in_string);
            size_t most = gap == GAP_DIGITS ? FORM_STRING_DIGITS : FORM_NUMBER_DIGITS;
            if (gap != GAP_END && stop - at <= most) {
                if (!end_part(form, *end, gap))
                    return false;
                at = stop;
                continue;
            }
        } else if (text[at] == '"') {
            in_string = !in_string;
        }
        memcpy(form->text + *end, text + at, stop - at);
        *end += stop - at;
        at = stop;
    }
    return true;
}

void media_form_forget(struct media_form *form)
{
    form->count = 0;
}

bool media_form_learn(struct media_form *form, const char *head, size_t head_size, const char *tail, size_t tail_size)
{
    size_t end = 0;
    media_form_forget(form);
    if (head_size <= FORM_TEXT_BYTES && tail_size <= FORM_TEXT_BYTES - head_size &&
        add_text(form, head, head_size, false, &end) && end_part(form, end, GAP_AUDIO) &&
        add_text(form, tail, tail_size, true, &end) && end_part(form, end, GAP_END))
        return true;
    media_form_forget(form);
    return false;
}

/* Give the end of the digits at `at`, or NULL if they are not what the gap takes. */
static const char *behind_digits(const char *at, const char *end, enum form_gap gap)
{
    const char *start = at;
    while (at < end && is_digit(*at))
        at++;
    size_t digits = (size_t)(at - start);
    if (gap == GAP_DIGITS)
        return digits >= 1 && digits <= FORM_STRING_DIGITS ? at : NULL;
    bool is_number = digits == 1 || (digits > 1 && *start != '0');
    return is_number && digits <= FORM_NUMBER_DIGITS ? at : NULL;
}

const char *media_form_match(const struct media_form *form, const char *message, size_t size, size_t *audio_size)
{
    const char *at = message, *end = message + size, *audio = NULL;
    size_t from = 0;
    for (unsigned number = 0; number < form->count; number++) {
        const struct form_part *part = &form->parts[number];
        size_t fixed = part->end - from;
        if ((size_t)(end - at) < fixed || memcmp(at, form->text + from, fixed) != 0)
            return NULL;
        at += fixed;
        from = part->end;
        if (part->gap == GAP_END)
            return at == end ? audio : NULL;
        if (part->gap == GAP_AUDIO) {
            const char *quote = memchr(at, '"', (size_t)(end - at));
            if (quote == NULL)
                return NULL;
            audio = at;
            *audio_size = (size_t)(quote - at);
            at = quote;
        } else if ((at = behind_digits(at, end, part->gap)) == NULL) {
            return NULL;
        }
    }
    return NULL;
}
