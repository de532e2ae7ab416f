"""Ways in which a Redis goes away and comes back; whoever uses one says what happens meanwhile, short or long."""


def stop_and_start(server, briefly, long_enough):
    """It crashes, and is started again."""
    del long_enough
    server.stop()
    briefly()
    server.start()


def pause(server, briefly, long_enough):
    """It answers nothing for long enough that nobody waits for it any more."""
    del briefly
    server.pause()
    long_enough()
    server.resume()


def restart(server, briefly, long_enough):
    """It is away for no longer than it takes to start it."""
    del briefly, long_enough
    server.stop()
    server.start()


OUTAGES = stop_and_start, pause, restart
