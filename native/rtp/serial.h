/* Serial number arithmetic (RFC 1982) for RTP's timestamps, which wrap around; see exoswitch/rtp/serial.py. */

#ifndef EXOSWITCH_SERIAL_H
#define EXOSWITCH_SERIAL_H

#include <stdint.h>

/* Give the distance of one timestamp from another: -2,147,483,648 to 2,147,483,647. */
static inline int32_t difference_32(uint32_t newer, uint32_t older)
{
    return (int32_t)(newer - older);
}

/* Add to a timestamp; the amount may be negative. */
static inline uint32_t add_32(uint32_t number, int64_t amount)
{
    return number + (uint32_t)amount;
}

#endif
