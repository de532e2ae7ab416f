/* The network below a TLS connection, as OpenSSL sees it: two buffers in memory. */

#ifndef EXOSWITCH_TLS_MEMORY_BIO_H
#define EXOSWITCH_TLS_MEMORY_BIO_H

#include "bytes.h"

struct bio_st;
struct bio_method_st;

/* OpenSSL's own BIO of memory keeps the most room that it ever needed. */
struct memory_bio {
    struct bytes incoming; /* from the network; OpenSSL has read the first `taken` of them */
    size_t taken;
    size_t allowed;      /* OpenSSL may read so many of them */
    bool is_limited;     /* to one record at a time, by `memory_bio_allow_record` */
    bool has_ended;      /* nothing comes behind these */
    struct bytes unsent; /* for the network */
};

/* Make the functions by which OpenSSL reads and writes; NULL if there is no memory. */
struct bio_method_st *memory_bio_method(void);

/* Make OpenSSL's side of these buffers, which must outlive it; NULL if there is no memory. */
struct bio_st *memory_bio_new(struct bio_method_st *method, struct memory_bio *memory);

/* Add bytes that have come; false if there is no memory. */
bool memory_bio_feed(struct memory_bio *memory, const uint8_t *data, size_t count);

/* Let OpenSSL read only what `memory_bio_allow_record` allows from now on. It has read whole records so far. */
void memory_bio_limit(struct memory_bio *memory);

/* Let OpenSSL read the next record; false if it is not whole, and more is to come. */
bool memory_bio_allow_record(struct memory_bio *memory);

void memory_bio_free(struct memory_bio *memory);

#endif
