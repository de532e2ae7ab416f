"""One turn of a reactor at a time, on a test's clock; `Busy` takes up the time of turns that connections share."""

from twisted.internet.testing import MemoryReactorClock

LOOK_S = 0.0001


def turn(clock):
    """Let one turn of the reactor pass, with the calls that are due at its beginning; give how long it took."""
    began = clock.rightNow
    for call in [call for call in clock.calls if call.getTime() <= began]:
        if call.active():
            clock.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)
    return clock.rightNow - began


class SlowReactor(MemoryReactorClock):
    """Each look at its clock takes 0.1 ms, so each part of some work does, if its worker looks at the clock."""

    def seconds(self):
        self.rightNow += LOOK_S
        return self.rightNow

    def turn(self):
        """Let one turn pass; see `turn`."""
        return turn(self)


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
