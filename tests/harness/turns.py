"""One turn of a reactor at a time, on a test's clock; `spend` takes up the time of turns that connections share."""


def turn(clock):
    """Let one turn of the reactor pass, with the calls that are due at its beginning; give how long it took."""
    before = clock.seconds()
    for call in [call for call in clock.calls if call.getTime() <= before]:
        clock.calls.remove(call)
        call.called = 1
        call.func()
    return clock.seconds() - before


class Busy:
    """Work that takes all the time of one turn."""

    def __init__(self, clock, seconds):
        self.clock = clock
        self.seconds = seconds

    def work(self):
        self.clock.rightNow += self.seconds
        return False

    def pause(self):
        pass

    def resume(self):
        pass
