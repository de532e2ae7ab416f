"""Callbacks in memory: a look reads the first ones of some receivers, however many are kept."""

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.outbox import table
from exoswitch.outbox.callbacks import CallbackRow
from exoswitch.outbox.queue import RECEIVERS_AT_ONCE
from exoswitch.outbox.table import Entry, Table

NOW = 1000.0


@define(eq=False)
class Counted(Entry):
    """An entry that counts how often it is looked at."""

    looks: list = field(factory=list)

    def __getattribute__(self, name):
        if name == "state":
            object.__getattribute__(self, "looks").append(name)
        return object.__getattribute__(self, name)


def entry(number, receiver="crm:443", account="acme1", due_at=NOW, kind=Entry):
    row = CallbackRow(
        call_sid=f"c{number}",
        position=9,
        event="terminal",
        leg=1,
        account=account,
        receiver=f"{account} {receiver}",
        due_at=due_at,
        document="",
    )
    return kind(row, due_at)


def filled(entries):
    callbacks = Table()
    for each in entries:
        callbacks.wait(each, each.due_at)
    return callbacks


def due(callbacks, now=NOW, room=2, full=()):
    return [each.row.call_sid for each in callbacks.agenda.due(now, lambda _: room, full)]


def test_earliest_callbacks_of_a_receiver_come_first_as_far_as_there_is_room():
    callbacks = filled(
        [entry(1, due_at=30.0), entry(2, due_at=10.0), entry(3, due_at=20.0), entry(4, due_at=NOW + 1)]
    )
    assert due(callbacks) == ["c2", "c3"]
    assert due(callbacks) == ["c1"]
    assert due(callbacks, now=NOW + 1) == ["c4"]


def test_a_look_reads_few_of_the_callbacks_that_a_receiver_has():
    entries = [entry(number, due_at=float(number), kind=Counted) for number in range(5000)]
    callbacks = filled(entries)
    for each in entries:
        each.looks.clear()
    assert due(callbacks) == ["c0", "c1"]
    assert sum(len(each.looks) for each in entries) < 10


def test_callback_that_waits_for_later_or_no_longer_is_not_due():
    moved, delivered, deleted = entries = [entry(number) for number in range(3)]
    callbacks = filled(entries)
    callbacks.wait(moved, NOW + 5)
    callbacks.settle(delivered, "delivered", NOW)
    callbacks.forget(deleted)
    assert due(callbacks) == []
    assert due(callbacks, now=NOW + 5) == ["c0"]
    assert [*callbacks.entries] == [("c0", 9), ("c1", 9)]


def test_full_account_and_a_receiver_without_room_keep_their_callbacks():
    callbacks = filled([entry(1), entry(2, account="acme2")])
    assert due(callbacks, full=("acme1",)) == ["c2"]
    assert due(callbacks, room=0) == []
    assert due(callbacks) == ["c1"]


def test_account_with_very_many_receivers_is_visited_in_parts_and_does_not_delay_the_others():
    many = [entry(number, receiver=f"host{number}:443") for number in range(2 * RECEIVERS_AT_ONCE)]
    callbacks = filled([*many, entry(9999, account="acme2")])
    first, second = due(callbacks), due(callbacks)
    assert len(first) == RECEIVERS_AT_ONCE + 1
    assert "c9999" in first
    assert len({*first, *second}) == len(many) + 1


def test_places_that_callbacks_left_do_not_pile_up():
    one, other = entry(1), entry(2)
    callbacks = filled([one, other])
    for step in range(10_000):
        callbacks.wait(one, NOW + step)
    (receiver,) = callbacks.agenda._accounts["acme1"].values()
    assert len(receiver._heap) <= table._FEW + 1
    assert due(callbacks, now=NOW + 20_000) == ["c2", "c1"]


def test_question_how_long_callbacks_wait_reads_few_of_them():
    entries = [entry(number, due_at=float(number), kind=Counted) for number in range(5000)]
    callbacks = filled(entries)
    callbacks.settle(entries[0], "delivered", NOW)
    for each in entries:
        each.looks.clear()
    assert [callbacks.waits_since() for _ in range(10)] == [1.0] * 10
    assert sum(len(each.looks) for each in entries) < 20


def test_places_of_retries_do_not_pile_up_among_those_that_wait_the_longest():
    one, other = entry(1), entry(2)
    callbacks = filled([one, other])
    one.since = NOW - 1
    for step in range(10_000):
        callbacks.wait(one, NOW + step)
        callbacks.wait(other, NOW + step)
    assert len(callbacks._longest._heap) <= table._FEW + 1
    assert callbacks.waits_since() == NOW - 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["wait", "begin", "settle", "again", "forget"]), st.integers(0, 4), st.floats(0, 9))
    )
)
def test_longest_wait_is_that_of_all_that_wait(steps):
    entries = [entry(number) for number in range(5)]
    callbacks = filled(entries)
    for verb, number, time in steps:
        each = callbacks.entries.get((f"c{number}", 9))
        if each is None:
            continue
        match verb, each.state:
            case "wait", "waiting":
                callbacks.wait(each, time)
            case "begin", "waiting":
                each.since = time if each.since is None else each.since
                callbacks.wait(each, time)
            case "settle", "waiting":
                callbacks.settle(each, "failed", time)
            case "again", "failed":
                each.state, each.since = "waiting", None
                callbacks.wait(each, time)
            case "forget", _:
                callbacks.forget(each)
        waiting = [each.begins_at for each in callbacks.entries.values() if each.state == "waiting"]
        assert callbacks.waits_since() == min(waiting, default=None)
        assert len(callbacks.waiting) == len(waiting)


@pytest.mark.parametrize("room", [1, 2])
def test_receivers_without_callbacks_are_forgotten(room):
    callbacks = filled([entry(1), entry(2)])
    due(callbacks, room=room)
    due(callbacks, room=room)
    due(callbacks, room=room)
    assert not callbacks.agenda._accounts
