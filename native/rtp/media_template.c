/* The text of a stream's media messages, cut at its four values. */

#include "media_template.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"

static bool is_value(char letter, int value)
{
    return value < TEMPLATE_VALUES - 1 ? letter == 'd' : letter == 'b' || letter == 's';
}

bool media_template_cut(struct media_template *template, const char *text, size_t size)
{
    char *parts = malloc(size + 1);
    if (parts == NULL)
        return false;
    size_t end = 0;
    int value = 0;
    for (size_t at = 0; at < size; at++) {
        if (text[at] != '%') {
            parts[end++] = text[at];
            continue;
        }
        if (++at < size && text[at] == '%') {
            parts[end++] = '%';
        } else if (at < size && value < TEMPLATE_VALUES && is_value(text[at], value)) {
            template->ends[value++] = end;
        } else {
            free(parts);
            return false;
        }
    }
    if (value < TEMPLATE_VALUES) {
        free(parts);
        return false;
    }
    template->text = parts;
    template->ends[TEMPLATE_VALUES] = end;
    return true;
}

void media_template_free(struct media_template *template)
{
    free(template->text);
    template->text = NULL;
}

size_t media_template_room(const struct media_template *template, size_t pcm_bytes)
{
    return template->ends[TEMPLATE_VALUES] + (TEMPLATE_VALUES - 1) * TEMPLATE_NUMBER_BYTES + base64_length(pcm_bytes);
}

static char *write_number(char *out, uint64_t number)
{
    char digits[TEMPLATE_NUMBER_BYTES];
    int at = TEMPLATE_NUMBER_BYTES;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, digits + at, (size_t)(TEMPLATE_NUMBER_BYTES - at));
    return out + TEMPLATE_NUMBER_BYTES - at;
}

static char *write_part(const struct media_template *template, int part, char *out)
{
    size_t begin = part > 0 ? template->ends[part - 1] : 0;
    size_t size = template->ends[part] - begin;
    memcpy(out, template->text + begin, size);
    return out + size;
}

size_t media_template_write(const struct media_template *template, const uint64_t numbers[TEMPLATE_VALUES - 1],
                            const int16_t *pcm, size_t pcm_bytes, char *out)
{
    char *at = write_part(template, 0, out);
    for (int value = 0; value < TEMPLATE_VALUES - 1; value++)
        at = write_part(template, value + 1, write_number(at, numbers[value]));
    base64_encode(pcm, pcm_bytes, at);
    at += base64_length(pcm_bytes);
    return (size_t)(write_part(template, TEMPLATE_VALUES, at) - out);
}
