from collections.abc import Callable
from functools import partial

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from exoswitch.ami.client import AmiListener, AmiProtocol
from exoswitch.ami.message import AmiMessage
from exoswitch.errors import BackendUnavailable, LocalProtocolError, TrunkRefused
from exoswitch.tasks.fair_turns import ASTERISKS_S, FairTurns
from tests.harness.ami_far_side import FarSide
from tests.harness.turns import turn

PING = AmiMessage.action("Ping")
LIST = AmiMessage.action("CoreShowChannels")


@define
class Link:
    """A client and its far side."""

    clock: MemoryReactorClock
    far: FarSide
    ami: AmiProtocol
    told: list[object] = field(factory=list)


@pytest.fixture
def link():
    clock = MemoryReactorClock()
    told: list[object] = []
    listener = AmiListener(
        connected=lambda _: told.append("up"),
        event=told.append,
        refused=told.append,
        lost=lambda _, reason: told.append(reason),
        answered=lambda *_: None,
    )
    link = Link(clock, FarSide(clock), AmiProtocol(clock, FairTurns(clock, ASTERISKS_S), listener), told)
    link.far.take(link.ami)
    yield link
    clock.advance(0)
    link.far.line.end(ConnectionError("over"))
    assert clock.getDelayedCalls() == []


def outcome(deferred: Deferred[object]) -> list[object]:
    """Give a list that will hold the result or the exception of a Deferred."""
    results: list[object] = []

    def failed(failure: Failure) -> None:
        results.append(failure.value)

    deferred.addCallbacks(results.append, failed)
    return results


def test_asterisk_that_is_still_starting_is_waited_for(link):
    booted = outcome(link.ami.when_booted())
    assert booted == []
    link.far.tell("FullyBooted")
    assert booted == [None]
    assert outcome(link.ami.when_booted()) == [None]


def test_answers_find_their_actions_in_any_order(link):
    link.far.silent = {"Ping"}
    first, second = outcome(link.ami.action(PING)), outcome(link.ami.action(PING))
    link.far.serve()
    one, two = link.far.asked("Ping")
    link.far.answer(two, "Error")
    assert (len(first), second[0].succeeded) == (0, False)
    link.far.answer(one)
    assert first[0].succeeded


def test_action_without_an_answer_times_out_and_its_late_answer_is_ignored(link):
    link.far.silent = {"Ping"}
    result = outcome(link.ami.action(PING))
    link.far.serve()
    link.clock.advance(10)
    assert str(result[0]) == "Asterisk did not answer Ping within 10 s"
    link.far.answer(link.far.actions[0])
    assert len(result) == 1


def test_cancelled_action_leaves_nothing(link):
    waiting = link.ami.action(PING)
    result = outcome(waiting)
    waiting.cancel()
    assert len(result) == 1
    assert link.clock.getDelayedCalls() == []


def test_list_is_given_whole_and_its_events_are_not_told(link):
    link.far.channels = [AmiMessage((("Uniqueid", uid),)) for uid in "abc"]
    result = outcome(link.ami.collect(LIST))
    link.far.serve()
    assert [item.get("Uniqueid") for item in result[0]] == ["a", "b", "c"]
    assert link.told == ["up"]


def test_list_that_is_refused_or_never_completed_fails(link):
    link.far.refused = {"CoreShowChannels"}
    refused = outcome(link.ami.collect(LIST))
    link.far.serve()
    assert str(refused[0]) == "Asterisk refused CoreShowChannels: Permission denied"
    link.far.silent = {"CoreShowChannels"}
    unfinished = outcome(link.ami.collect(LIST))
    link.far.serve()
    link.far.tell("CoreShowChannel", ("ActionID", link.far.actions[-1].action_id))
    link.clock.advance(10)
    assert isinstance(unfinished[0], BackendUnavailable)


def test_endless_list_is_cut_off(link, monkeypatch):
    monkeypatch.setattr("exoswitch.ami.client.LONGEST_LIST", 2)
    link.far.channels = [AmiMessage((("Uniqueid", uid),)) for uid in "abc"]
    result = outcome(link.ami.collect(LIST))
    link.far.serve()
    assert isinstance(result[0], BackendUnavailable)


def test_actions_do_not_pile_up_without_bound(link, monkeypatch):
    monkeypatch.setattr("exoswitch.ami.client.MOST_WAITING", 1)
    link.far.silent = {"Ping"}
    first, second = outcome(link.ami.action(PING)), outcome(link.ami.action(PING))
    assert first == []
    assert isinstance(second[0], BackendUnavailable)


def test_two_actions_at_once_cannot_have_one_id(link):
    action = AmiMessage.action("Originate", ("ActionID", "sid1"))
    outcome(link.ami.action(action))
    with pytest.raises(LocalProtocolError):
        link.ami.action(action)


def test_command_that_cannot_be_sent_is_refused_and_not_sent(link):
    too_long = AmiMessage.action("Setvar", ("Channel", "17.1"), ("Value", "x" * 1100))
    (refused,) = outcome(Deferred.fromCoroutine(link.ami.command(too_long)))
    assert isinstance(refused, TrunkRefused)
    assert str(refused).startswith("Setvar cannot be sent to Asterisk: a line of 1109 bytes")
    link.far.serve()
    assert link.far.actions == []


def test_lost_connection_is_told_before_every_waiter_fails(link):
    order = link.told
    link.far.silent = {"Ping", "CoreShowChannels"}
    waiters = link.ami.action(PING), link.ami.collect(LIST), link.ami.when_booted()
    for waiter in waiters:
        waiter.addErrback(lambda failure: order.append(failure.type))
    link.far.line.end(ConnectionError("pulled"))
    assert order == ["up", "pulled", BackendUnavailable, BackendUnavailable, BackendUnavailable]
    for use in (link.ami.when_booted, partial(link.ami.action, PING)):
        assert isinstance(outcome(use())[0], BackendUnavailable)


def test_pings_keep_a_connection_whose_far_side_answers(link):
    link.ami.keep_alive()
    for _ in range(5):
        link.clock.advance(10)
        link.far.serve()
    assert len(link.far.asked("Ping")) == 5
    assert link.told == ["up"]


def test_connection_that_answers_no_ping_is_dropped(link):
    link.ami.keep_alive()
    link.far.silent = {"Ping"}
    link.clock.advance(10)
    link.clock.advance(10)
    link.clock.advance(0)
    assert link.told == ["up", "Asterisk did not answer Ping within 10 s"]


def test_bytes_that_are_not_ami_end_the_connection():
    clock, told = MemoryReactorClock(), []
    lost: Callable[[object, str], None] = lambda _, reason: told.append(reason)  # noqa: E731 - with its type
    listener = AmiListener(
        connected=told.append, event=told.append, refused=told.append, lost=lost, answered=lambda *_: None
    )
    ami = AmiProtocol(clock, FairTurns(clock, ASTERISKS_S), listener)
    far = FarSide(clock)
    far.take(ami)
    ami.dataReceived(b"Event: X\r\n" * 200_000)
    ami.dataReceived(b"\r\n\r\nEvent: Y\r\n\r\n")
    clock.advance(0)
    assert told[1:] == ["an AMI message is longer than 1048576 bytes"]


def test_event_that_its_listener_cannot_handle_does_not_stop_the_next(logged_failures):
    handled: list[str] = []

    def handle(message: AmiMessage) -> None:
        handled.append(message.event)
        raise ZeroDivisionError

    ignore: Callable[[object], None] = lambda _: None  # noqa: E731 - with its type
    clock = MemoryReactorClock()
    far = FarSide(clock)
    listener = AmiListener(
        connected=ignore, event=handle, refused=ignore, lost=lambda *_: None, answered=lambda *_: None
    )
    far.take(AmiProtocol(clock, FairTurns(clock, ASTERISKS_S), listener))
    far.give(b"Event: One\r\n\r\nEvent: Two\r\n\r\n")
    assert handled == ["One", "Two"]
    assert len(logged_failures) == 2
    logged_failures.clear()


@pytest.fixture
def slow(link):
    """A link whose events take a millisecond each; the times at which they were handled."""
    told_at: list[float] = []

    def event(message: AmiMessage) -> None:
        link.told.append(message)
        link.clock.rightNow += 0.001
        told_at.append(link.clock.seconds())

    link.ami._listener = evolve(link.ami._listener, event=event)
    return told_at


def test_flood_is_handled_some_messages_a_turn_and_nothing_is_read_meanwhile(link, slow):
    link.far.give(b"".join(b"Event: Hangup\r\nUniqueid: %d\r\n\r\n" % number for number in range(100)))
    turns = 0
    while len(slow) < 100:
        assert link.far.line.producerState == "paused"
        before = len(slow)
        turn(link.clock)
        turns += 1
        assert len(slow) - before <= ASTERISKS_S / 0.001 + 1
    assert turns >= 100 / (ASTERISKS_S / 0.001 + 1) - 1
    assert link.far.line.producerState == "producing"
    assert [int(event.get("Uniqueid")) for event in link.told[1:]] == list(range(100))


def test_flood_ends_with_the_connection(link, slow):
    link.far.give(b"Event: Hangup\r\nUniqueid: 1\r\n\r\n" * 100)
    link.ami.drop("enough")
    handled = len(slow)
    link.clock.advance(1)
    assert len(slow) == handled < 100
