"""The entries of one process: none is lost with a lost answer, and none is taken twice."""

from attrs import define, field
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import integers

from exoswitch.fleet.leases import Lease
from exoswitch.fleet.redis.jobs_entries import Entry, Portion
from exoswitch.fleet.redis.jobs_progress import ENDED_MAX, NEW, StreamProgress


@define
class Stream:
    """jobs_take.lua in Python; entries have the IDs "1-0", "2-0", ..."""

    entries: list = field(factory=list)  # numbers
    pending: set = field(factory=set)
    delivered: int = -1  # there is no stream yet

    def send(self):
        self.delivered = max(self.delivered, 0)
        self.entries.append(len(self.entries) + 1)

    def take(self, known, after, count):
        if self.delivered < 0:
            return Portion("", ())
        if after == NEW:
            if known != self.name(self.delivered):
                return Portion(self.name(self.delivered), ())
            taken = [number for number in self.entries if number > self.delivered][:count]
            self.pending.update(taken)
            self.delivered = max([self.delivered, *taken])
        else:
            taken = [number for number in sorted(self.pending) if number > int(after.partition("-")[0])][:count]
        return Portion(self.name(self.delivered), tuple(Entry(self.name(number), lease(number)) for number in taken))

    @staticmethod
    def name(number):
        return f"{number}-0"

    def done(self, keys):
        self.pending -= {int(key.partition("-")[0]) for key in keys}


def lease(number):
    return Lease(token=f"t{number}", call_sid=f"sid{number}", gateway="gw1", asterisk="pbx1")


def take_all(progress, stream, count=3):
    """Take portions until `next_read` stays the same, as the adapter does."""
    taken = []
    while True:
        next_read = progress.next_read
        taken += progress.take(stream.take(*next_read, count))
        if progress.next_read == next_read:
            return taken


def tokens(entries):
    return [entry.lease.token for entry in entries]


class Readings(RuleBasedStateMachine):
    """Jobs are sent, taken and finished in any order; answers are lost, and processes end."""

    def __init__(self):
        super().__init__()
        self.stream, self.progress = Stream(), StreamProgress()
        self.under_way, self.failed, self.done = [], set(), set()

    @rule()
    def send(self):
        self.stream.send()

    def took(self, entries):
        for entry in entries:
            token = entry.lease.token
            assert token not in self.under_way
            assert token not in self.failed
            assert token not in self.done
            self.under_way.append(token)

    @rule(count=integers(1, 4))
    def take_a_portion(self, count):
        self.took(self.progress.take(self.stream.take(*self.progress.next_read, count)))

    @rule(count=integers(1, 4))
    def take_all(self, count):
        self.took(take_all(self.progress, self.stream, count))
        left = {f"t{number}" for number in self.stream.entries} - self.done - self.failed
        assert left == set(self.under_way)

    @rule(count=integers(1, 4))
    def take_and_lose_the_answer(self, count):
        """Redis may carry out a request long after it timed out."""
        self.stream.take(self.stream.name(max(self.stream.delivered, 0)), NEW, count)

    @precondition(lambda self: self.under_way)
    @rule()
    def finish(self):
        token = self.under_way.pop(0)
        self.progress.finish(f"{token[1:]}-0")
        self.done.add(token)

    @precondition(lambda self: self.under_way)
    @rule()
    def fail(self):
        token = self.under_way.pop()
        self.progress.fail(f"{token[1:]}-0")
        self.failed.add(token)

    @rule()
    def reread_pending(self):
        self.progress.reread_pending()

    @rule()
    def tell_redis(self):
        finished = self.progress.finished
        self.stream.done(finished)
        self.progress.forget(*finished)

    @rule()
    def tell_redis_and_lose_the_answer(self):
        self.stream.done(self.progress.finished)

    @rule()
    def next_process(self):
        """Only the entries that Redis has removed are finished."""
        self.tell_redis()
        self.progress, self.under_way, self.failed = StreamProgress(), [], set()

    @invariant()
    def nothing_that_is_undone_is_forgotten_by_redis(self):
        undone = {number for number in self.stream.entries if f"t{number}" not in self.done}
        assert {number for number in undone if number <= self.stream.delivered} <= self.stream.pending


TestReadings = Readings.TestCase
TestReadings.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_pending_entries_come_before_new_ones():
    stream = Stream()
    for _ in range(4):
        stream.send()
    take_all(StreamProgress(), stream)
    stream.send()
    assert tokens(take_all(StreamProgress(), stream)) == ["t1", "t2", "t3", "t4", "t5"]


def test_stream_that_expired_and_started_anew_is_read():
    progress, stream = StreamProgress(), Stream()
    stream.send()
    take_all(progress, stream)
    assert take_all(progress, Stream()) == []
    later = Stream(entries=[7, 8], delivered=0)
    assert tokens(take_all(progress, later)) == ["t7", "t8"]


def test_entry_that_redis_lost_the_end_of_is_ended_again():
    progress, stream = StreamProgress(), Stream()
    stream.send()
    take_all(progress, stream)
    progress.finish("1-0")
    progress.forget("1-0")
    assert progress.finished == ()
    progress.reread_pending()
    assert take_all(progress, stream) == []
    assert progress.finished == ("1-0",)


def test_memory_of_ended_entries_is_bounded():
    progress = StreamProgress()
    for number in range(ENDED_MAX + 5):
        progress.fail(f"{number}-0")
    assert len(progress._was_done) == ENDED_MAX
