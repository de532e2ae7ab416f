/* Base64 with padding, RFC 4648 section 4. */

#include "base64.h"

#include <stdbool.h>

#include "alphabet.h"
#include "simd.h"

const char BASE64_ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

uint8_t base64_values[256];

__attribute__((constructor)) static void fill_values(void)
{
    for (int character = 0; character < 256; character++)
        base64_values[character] = BASE64_INVALID;
    for (uint8_t value = 0; value < 64; value++)
        base64_values[(uint8_t)BASE64_ALPHABET[value]] = value;
}

static void encode_group(const uint8_t bytes[3], char text[4])
{
    text[0] = BASE64_ALPHABET[bytes[0] >> 2];
    text[1] = BASE64_ALPHABET[(bytes[0] & 0x03) << 4 | bytes[1] >> 4];
    text[2] = BASE64_ALPHABET[(bytes[1] & 0x0F) << 2 | bytes[2] >> 6];
    text[3] = BASE64_ALPHABET[bytes[2] & 0x3F];
}

void base64_encode(const void *bytes, size_t count, char *text)
{
    const uint8_t *from = bytes;
    size_t taken = simd->base64_encode ? simd->base64_encode(from, count, text) : 0;
    for (text += taken / 3 * 4; count - taken >= 3; taken += 3, text += 4)
        encode_group(from + taken, text);
    size_t left = count - taken;
    if (left == 0)
        return;
    const uint8_t last[3] = {from[taken], left == 2 ? from[taken + 1] : 0, 0};
    encode_group(last, text);
    text[3] = '=';
    if (left == 1)
        text[2] = '=';
}

/* Read four characters without padding; say whether all are of the alphabet. */
static bool decode_group(const char text[4], uint8_t bytes[3])
{
    uint8_t a = base64_values[(uint8_t)text[0]], b = base64_values[(uint8_t)text[1]];
    uint8_t c = base64_values[(uint8_t)text[2]], d = base64_values[(uint8_t)text[3]];
    bytes[0] = (uint8_t)(a << 2 | b >> 4);
    bytes[1] = (uint8_t)(b << 4 | c >> 2);
    bytes[2] = (uint8_t)(c << 6 | d);
    return (a | b | c | d) < 64;
}

ptrdiff_t base64_decode(const char *text, size_t length, void *bytes)
{
    if (length % 4 != 0)
        return -1;
    if (length == 0)
        return 0;
    uint8_t *to = bytes;
    size_t end = length - 4; /* the last group may have padding */
    size_t taken = simd->base64_decode ? simd->base64_decode(text, end, to) : 0;
    for (; taken < end; taken += 4)
        if (!decode_group(text + taken, to + taken / 4 * 3))
            return -1;
    size_t padding = text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;
    char last[4] = {text[end], text[end + 1], padding == 2 ? 'A' : text[end + 2], padding ? 'A' : text[end + 3]};
    uint8_t group[3];
    if (!decode_group(last, group))
        return -1;
    for (size_t at = 0; at < 3 - padding; at++)
        to[end / 4 * 3 + at] = group[at];
    return (ptrdiff_t)(length / 4 * 3 - padding);
}
