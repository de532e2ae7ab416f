/* The first two bytes of a WebSocket frame (RFC 6455 section 5.2). */

#ifndef EXOSWITCH_FRAME_HEAD_H
#define EXOSWITCH_FRAME_HEAD_H

enum {
    FINAL_TEXT = 0x81, /* the first byte of a whole text message: FIN, no reserved bit, opcode 1 */
    MASKED = 0x80,     /* of the second byte; the other bits are the length, or say how many bytes hold it */
    MAX_7_BIT = 125,
    LENGTH_OF_16_BITS = 126,
    LENGTH_OF_64_BITS = 127,
};

#endif
