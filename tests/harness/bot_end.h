/* The bot's end of a connection that a plane serves, for plane_threads.c: plain TCP, or TLS with OpenSSL. */

#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "openssl.h"

struct bot_end {
    int handle;
    struct ssl_st *ssl; /* NULL: plain TCP */
};

static struct ssl_ctx_st *bots; /* the settings of all bots; NULL: all have plain TCP */
static struct tls_settings *clients;

/* Let bots use TLS with this certificate and its key, if the machine has OpenSSL. */
static void secure_bots(const char *pem_file)
{
    const struct openssl *tls = openssl();
    struct tls_failure failure;
    if (tls == NULL)
        return;
    bots = tls->ctx_new(tls->server_method());
    clients = tls_settings_new(false, NULL, &failure);
    if (bots == NULL || clients == NULL || tls->ctx_use_certificate_chain_file(bots, pem_file) != 1 ||
        tls->ctx_use_private_key_file(bots, pem_file, OPENSSL_PEM) != 1)
        abort();
}

static void forget_bots(void)
{
    if (bots != NULL)
        openssl()->ctx_free(bots);
    tls_settings_free(clients);
}

static bool accept_any(void *whom, int problem, const uint8_t *certificate, size_t size)
{
    (void)whom, (void)problem, (void)certificate, (void)size;
    return true;
}

/* Make TLS between the two ends of a pair of sockets; give that of the near end. */
static struct tls *secure(struct bot_end *bot, int near)
{
    static uint8_t records[65536];
    struct tls *tls = tls_new(clients, NULL, (struct tls_check){.accepts = accept_any});
    bot->ssl = openssl()->new_ssl(bots);
    if (tls == NULL || bot->ssl == NULL || openssl()->set_fd(bot->ssl, bot->handle) != 1)
        abort();
    openssl()->set_accept_state(bot->ssl);
    for (int is_done = 0, turns = 0; is_done != 1 || tls_state(tls) != TLS_OPEN; turns++) {
        size_t count;
        tls_do_handshake(tls);
        const uint8_t *unsent = tls_unsent(tls, &count);
        if (turns == 10 || tls_state(tls) == TLS_FAILED || send(near, unsent, count, MSG_NOSIGNAL) != (ssize_t)count)
            abort();
        tls_sent(tls, count);
        openssl()->clear_error();
        is_done = openssl()->do_handshake(bot->ssl);
        ssize_t came = recv(near, records, sizeof records, 0);
        if (came > 0 && !tls_feed(tls, records, (size_t)came))
            abort();
    }
    return tls;
}

static bool bot_send(struct bot_end *bot, const char *data, size_t count)
{
    if (bot->ssl == NULL)
        return send(bot->handle, data, count, MSG_NOSIGNAL) == (ssize_t)count;
    openssl()->clear_error();
    return count == 0 || openssl()->write(bot->ssl, data, (int)count) == (int)count;
}

/* Use TLS that the plane has left, as `take_up` does in Python. */
static void take_up(struct tls *tls)
{
    static uint8_t data[65536];
    size_t count;
    while (tls_read(tls, data, sizeof data) > 0)
        ;
    tls_write(tls, data, 100);
    tls_unsent(tls, &count);
    tls_sent(tls, count);
}

/* Give how many bytes came; 0 if none. */
static long bot_receive(struct bot_end *bot)
{
    static char heard[4096];
    long all = 0;
    ssize_t count;
    if (bot->ssl != NULL)
        openssl()->clear_error();
    while ((count = bot->ssl == NULL ? recv(bot->handle, heard, sizeof heard, 0)
                                     : openssl()->read(bot->ssl, heard, sizeof heard)) > 0)
        all += count;
    return all;
}

/* Say that no more data comes. */
static void bot_finish(struct bot_end *bot)
{
    if (bot->ssl == NULL)
        shutdown(bot->handle, SHUT_WR);
    else
        openssl()->shutdown(bot->ssl);
}

static void bot_hang_up(struct bot_end *bot)
{
    if (bot->ssl != NULL)
        openssl()->free_ssl(bot->ssl);
    bot->ssl = NULL;
    close(bot->handle);
}
