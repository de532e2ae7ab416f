"""A reactor in memory on which work takes time, turn by turn."""

from twisted.internet.testing import MemoryReactorClock

LOOK_S = 0.0001


class SlowReactor(MemoryReactorClock):
    """Each look at its clock takes 0.1 ms, so each part of some work does, if its worker looks at the clock."""

    def seconds(self):
        self.rightNow += LOOK_S
        return self.rightNow

    def turn(self):
        """Let one turn pass, with the timers that are due at its beginning; give how long it took."""
        began = self.rightNow
        for call in [call for call in self.calls if call.getTime() <= began]:
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)
        return self.rightNow - began
