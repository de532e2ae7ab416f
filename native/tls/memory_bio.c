/* The network below a TLS connection, as OpenSSL sees it: two buffers in memory. */

#include "memory_bio.h"

#include <string.h>

#include "openssl.h"

/* Of openssl/bio.h */
enum {
    BIO_TYPE_SOURCE_SINK = 0x0400,
    BIO_CTRL_EOF = 2,
    BIO_CTRL_FLUSH = 11,
    BIO_FLAGS_READ = 1,
    BIO_FLAGS_SHOULD_RETRY = 8,
};

/* Of a record: RFC 8446 §5.1 and §5.2, RFC 5246 §6.2.3. */
enum { HEAD_BYTES = 5, LONGEST_BYTES = HEAD_BYTES + 16384 + 2048, VERSION = 3 };

static int read_bytes(struct bio_st *bio, char *data, int room)
{
    struct memory_bio *memory = openssl()->bio_get_data(bio);
    size_t count = (memory->is_limited ? memory->allowed : memory->incoming.count) - memory->taken;
    openssl()->bio_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    if (count == 0) {
        if (!memory->has_ended)
            openssl()->bio_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
        return memory->has_ended ? 0 : -1;
    }
    count = count < (size_t)room ? count : (size_t)room;
    memcpy(data, memory->incoming.data + memory->taken, count);
    memory->taken += count;
    if (memory->taken == memory->incoming.count) {
        bytes_drop(&memory->incoming, memory->taken);
        memory->taken = memory->allowed = 0;
    }
    return (int)count;
}

static int write_bytes(struct bio_st *bio, const char *data, int count)
{
    struct memory_bio *memory = openssl()->bio_get_data(bio);
    return bytes_add(&memory->unsent, (const uint8_t *)data, (size_t)count) ? count : -1;
}

static long control(struct bio_st *bio, int command, long number, void *pointer)
{
    struct memory_bio *memory = openssl()->bio_get_data(bio);
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return memory->has_ended && memory->incoming.count == 0;
    return command == BIO_CTRL_FLUSH;
}

struct bio_method_st *memory_bio_method(void)
{
    const struct openssl *tls = openssl();
    struct bio_method_st *method = tls->bio_meth_new(BIO_TYPE_SOURCE_SINK, "exoswitch");
    if (method != NULL) {
        tls->bio_meth_set_read(method, read_bytes);
        tls->bio_meth_set_write(method, write_bytes);
        tls->bio_meth_set_ctrl(method, control);
    }
    return method;
}

struct bio_st *memory_bio_new(struct bio_method_st *method, struct memory_bio *memory)
{
    struct bio_st *bio = openssl()->bio_new(method);
    if (bio != NULL) {
        openssl()->bio_set_data(bio, memory);
        openssl()->bio_set_init(bio, 1);
    }
    return bio;
}

bool memory_bio_feed(struct memory_bio *memory, const uint8_t *data, size_t count)
{
    if (memory->taken > 0) {
        bytes_drop(&memory->incoming, memory->taken);
        memory->allowed -= memory->is_limited ? memory->taken : 0;
        memory->taken = 0;
    }
    return bytes_add(&memory->incoming, data, count);
}

void memory_bio_limit(struct memory_bio *memory)
{
    if (memory->incoming.count == 0)
        bytes_free(&memory->incoming); /* the server's certificates took more room than audio does */
    memory->is_limited = true;
    memory->allowed = memory->taken;
}

bool memory_bio_allow_record(struct memory_bio *memory)
{
    const uint8_t *head = memory->incoming.data + memory->allowed;
    size_t left = memory->incoming.count - memory->allowed;
    size_t size = left < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + ((size_t)head[3] << 8 | head[4]);
    bool is_wrong = size > LONGEST_BYTES || (left >= HEAD_BYTES && head[1] != VERSION);
    if (is_wrong || memory->has_ended) /* OpenSSL says what is wrong */
        size = left;
    if (size == 0 || size > left)
        return false;
    memory->allowed += size;
    return true;
}

void memory_bio_free(struct memory_bio *memory)
{
    bytes_free(&memory->incoming);
    bytes_free(&memory->unsent);
}
