from attrs import define, field

from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.observing import EntryObserver
from exoswitch.exotel.trace.trace import Attempted, Binary, Closed, Failed, Message, Opened


@define(eq=False)
class Notes(EntryObserver):
    entries: list = field(factory=list)

    def note(self, entry):
        self.entries.append(entry)


def test_each_event_is_an_entry_with_its_time_since_the_attempt_began():
    times = iter([100.0, 100.0, 100.5, 101.0, 101.25, 102.0, 102.0, 103.0])
    notes = Notes(lambda: next(times))
    notes.attempted("ws://127.0.0.1/")
    notes.opened()
    notes.failed("no answer")
    notes.sent(b"out")
    notes.received(b"in")
    notes.binary_received(5)
    notes.closed(1000, "bye", by=Side.BOT)
    assert notes.entries == [
        Attempted(0, "ws://127.0.0.1/"),
        Opened(500),
        Failed(1000, "no answer"),
        Message(1250, Side.GATEWAY, b"out"),
        Message(2000, Side.BOT, b"in"),
        Binary(2000, 5),
        Closed(3000, 1000, "bye", Side.BOT),
    ]
