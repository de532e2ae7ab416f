"""Outages of a Redis; the callers pass the work to do meanwhile: a short one, and one longer than all time-outs."""


def stop_and_start(server, briefly, long_enough):
    """It crashes and is started again later."""
    del long_enough
    server.stop()
    briefly()
    server.start()


def pause(server, briefly, long_enough):
    """It answers nothing until all requests have timed out."""
    del briefly
    server.pause()
    long_enough()
    server.resume()


def restart(server, briefly, long_enough):
    """It is restarted at once."""
    del briefly, long_enough
    server.stop()
    server.start()


OUTAGES = stop_and_start, pause, restart
