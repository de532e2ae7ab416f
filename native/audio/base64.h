/* Base64 with padding, RFC 4648 section 4. */

#ifndef EXOSWITCH_BASE64_H
#define EXOSWITCH_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Give the length of the text of so many bytes. */
static inline size_t base64_length(size_t count)
{
    return (count + 2) / 3 * 4;
}

/* Write the text of these bytes: exactly `base64_length(count)` characters, and no zero after them. */
void base64_encode(const void *bytes, size_t count, char *text);

/* Read a text; give the number of bytes written, at most `length / 4 * 3`, or -1 if it is not whole, clean base64.
 *
 * It takes what `binascii.a2b_base64(text, strict_mode=True)` takes, with the same result, and refuses all else; but
 * it also refuses a surplus `=` after a whole group, which some versions of Python let pass. After -1 the bytes
 * written mean nothing. */
ptrdiff_t base64_decode(const char *text, size_t length, void *bytes);

#endif
