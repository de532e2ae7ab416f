"""The queue, the sender and the recoverer over an outbox in memory, on a clock that a test sets."""

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.session import CallStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import BackendUnavailable
from exoswitch.outbox.delivery import Attempt, Result, RetryRules
from exoswitch.outbox.interfaces import LEASE_S
from exoswitch.outbox.memory import MemoryOutbox
from exoswitch.outbox.queue import Queue
from exoswitch.outbox.recoverer import STOP_S, Recoverer
from exoswitch.outbox.sender import Sender
from exoswitch.sessions.memory import MemorySessions
from exoswitch.tasks.holds import HELD_S, Holds
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

result = SynchronousTestCase()
EVENTS = ("answered", "terminal")
FAILED = Attempt(result=Result.FAILED, why="it answered with status 503")
DELIVERED = Attempt(result=Result.DELIVERED)
HANGS = object()


def ended(call_sid="c1", host="crm.example.org", events=(), **more):
    callback = StatusCallback(url=f"https://{host}/told", events=events)
    asked = evolve(SESSION, call_sid=call_sid, callback=callback, **more)
    return asked.progressed(CallStatus.IN_PROGRESS, MOMENT + 2).ended(HUNG_UP, MOMENT + 9)


@define(eq=False)
class Outbox(MemoryOutbox):
    """An outbox that is `away` if a test says so: for all questions, or for settlements."""

    away: set = field(factory=set)

    def lease(self, *details):
        return self._answer("lease", super().lease, *details)

    def settle(self, settlements):
        return self._answer("settle", super().settle, settlements)

    def _answer(self, name, ask, *details):
        return fail(BackendUnavailable("the file is locked")) if name in self.away else ask(*details)


@define(eq=False, slots=False)
class World:
    """A gateway's part for callbacks. `answers` has what receivers answer, by host; others deliver at once."""

    answers: dict = field(factory=dict)
    clock: Clock = field(factory=Clock)
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    told: list = field(factory=list)
    hanging: list = field(factory=list)
    queue: Queue = field(factory=Queue)

    def __attrs_post_init__(self):
        self.outbox = Outbox(lambda: MOMENT + 60 + self.clock.seconds())
        self.sessions = MemorySessions(add_callbacks=self.outbox.add)
        self.holds = Holds(self.clock)
        sender = Sender(
            deliver=self.deliver,
            settle=self.outbox.settle,
            holds=self.holds,
            rules=RetryRules,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.recoverer = Recoverer(self.outbox, sender, self.clock, self.metrics, self.queue)

    def deliver(self, leased):
        self.told.append((round(self.clock.seconds()), leased.call_sid, leased.event))
        answer = self.answers.get(leased.receiver.split()[1].partition(":")[0], DELIVERED)
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if answer is HANGS:
            self.hanging.append(Deferred())
            return self.hanging[-1]
        return succeed(answer)

    def wait(self, seconds):
        whole, rest = divmod(seconds, 0.1)
        self.clock.pump([0.1] * int(whole) + [rest])

    def count(self, event, outcome):
        return self.metrics.counts[f'callback_deliveries_total{{event="{event}",outcome="{outcome}"}}']

    def fail_one(self):
        self.hanging.pop(0).callback(FAILED)

    def states(self):
        return {key[0]: entry.state for key, entry in self.outbox.table.entries.items()}

    def stop(self):
        stopped = self.recoverer.stopService()
        self.wait(STOP_S)
        result.successResultOf(stopped)
        self.holds.stop()
        assert self.clock.getDelayedCalls() == []


@pytest.fixture
def world():
    world = World()
    world.recoverer.startService()
    yield world
    world.stop()


def test_callback_is_delivered_at_once(world):
    world.sessions.note(ended())
    world.wait(0.5)
    assert world.told == [(0, "c1", "terminal")]
    assert world.states() == {"c1": "delivered"}
    assert world.count("terminal", "delivered") == 1


def test_callbacks_of_a_call_are_delivered_in_order_and_wait_for_a_retry(world):
    world.answers["crm.example.org"] = [FAILED, FAILED, DELIVERED, DELIVERED]
    world.sessions.note(ended(events=EVENTS))
    world.wait(2000)
    minutes = [(at // 60, event) for at, _, event in world.told]
    assert minutes == [(0, "answered"), (5, "answered"), (20, "answered"), (20, "terminal")]
    assert world.count("answered", "retry") == 2


def test_receiver_that_hangs_costs_the_others_nothing(world):
    world.answers["hangs.example"] = HANGS
    for number in range(100):
        world.sessions.note(ended(f"h{number}", "hangs.example"))
        world.sessions.note(ended(f"w{number}", "works.example"))
    world.wait(5)
    states = world.states()
    assert {states[f"w{number}"] for number in range(100)} == {"delivered"}
    assert sum(call_sid.startswith("h") for _, call_sid, _ in world.told) == world.queue.each_receiver
    while world.hanging:
        world.fail_one()


def test_receiver_that_is_down_is_tried_with_one_callback_at_a_time():
    world = World(queue=Queue(each_receiver=4))
    world.recoverer.startService()
    world.answers["down.example"] = HANGS
    for number in range(6):
        world.sessions.note(ended(f"d{number}", "down.example"))
    world.wait(1)
    assert len(world.told) == 4
    for _ in range(4):
        world.fail_one()
    for told in (5, 6):
        world.wait(1)
        assert len(world.told) == told
        world.fail_one()
    world.stop()


def test_nothing_is_told_before_the_reply_to_the_request_is_written(world):
    world.holds.hold("c1")
    world.sessions.note(ended())
    world.sessions.note(ended("c2"))
    world.wait(3)
    assert [call_sid for _, call_sid, _ in world.told] == ["c2"]
    world.holds.release("c1")
    world.wait(0.5)
    assert [call_sid for _, call_sid, _ in world.told] == ["c2", "c1"]


def test_reply_that_is_never_written_does_not_keep_the_callback(world):
    world.holds.hold("c1")
    world.sessions.note(ended())
    world.wait(HELD_S + 1)
    assert world.told == [(10, "c1", "terminal")]


def test_process_that_was_paused_does_not_send_what_another_gateway_may_have(world):
    world.holds.hold("c1")
    world.sessions.note(ended())
    world.wait(1)
    world.clock.advance(LEASE_S)  # the reactor wakes up late: the lease is over, and a new one is taken
    world.wait(1)
    assert len(world.told) == 1


def test_delivery_that_cannot_be_written_is_made_again(world):
    world.outbox.away = {"settle"}
    world.sessions.note(ended())
    world.wait(1)
    assert len(world.told) == 1
    world.outbox.away = set()
    world.wait(LEASE_S + 1)
    assert len(world.told) == 2
    assert world.states() == {"c1": "delivered"}


def test_stop_waits_a_little_and_leaves_the_rest_to_the_next_process():
    world = World()
    world.answers["hangs.example"] = HANGS
    world.recoverer.startService()
    world.sessions.note(ended("c1", "hangs.example"))
    world.wait(1)
    stopped = world.recoverer.stopService()
    result.assertNoResult(stopped)
    world.wait(STOP_S + 1)
    result.successResultOf(stopped)
    (leased,) = result.successResultOf(world.outbox.lease(9, 9, {}, ()))
    assert leased.call_sid == "c1"
    while world.hanging:
        world.fail_one()
    assert world.clock.getDelayedCalls() == []


def test_backlog_is_shown(world):
    world.answers["crm.example.org"] = FAILED
    world.sessions.note(ended())
    world.wait(31)
    readings = {reading.name: reading.value for reading in world.recoverer._readings()}
    assert readings["callback_outbox_depth"] == 1
    assert readings["callback_oldest_seconds"] == pytest.approx(30, abs=1)


def test_outbox_that_is_away_is_asked_again(world):
    world.outbox.away = {"lease"}
    world.sessions.note(ended())
    world.wait(5)
    assert world.told == []
    world.outbox.away = set()
    world.wait(1)
    assert len(world.told) == 1


class StoppedByTheFirst(World):
    """A gateway that is told to stop while its first delivery begins."""

    def deliver(self, leased):
        if not self.told:
            self.stopped = self.recoverer.stopService()
        return super().deliver(leased)


def test_stop_leaves_callbacks_that_are_leased_and_not_begun_to_the_next_process():
    world = StoppedByTheFirst()
    world.recoverer.startService()
    for number in range(3):
        world.sessions.note(ended(f"c{number}"))
    world.wait(1)
    result.successResultOf(world.stopped)
    assert [call_sid for _, call_sid, _ in world.told] == ["c0"]
    leased = result.successResultOf(world.outbox.lease(9, 9, {}, ()))
    assert {one.call_sid for one in leased} == {"c1", "c2"}
    assert world.clock.getDelayedCalls() == []
