"""The state of the store over its database: every state with every input."""

import pytest

from exoswitch.sessions.availability import Availability, Effect, Input, State

REPLAY = [Effect.REPLAY]
OUTAGE = [Effect.REPORT, Effect.OPEN_LATER]

CHANGES = {
    (State.STARTING, Input.OPENED): (State.REPLAYING, REPLAY),
    (State.STARTING, Input.OPEN_FAILED): (State.AWAY, OUTAGE),
    (State.REPLAYING, Input.REPLAYED): (State.WRITING, []),
    (State.REPLAYING, Input.WRITE_FAILED): (State.AWAY, OUTAGE),
    (State.WRITING, Input.WRITE_FAILED): (State.AWAY, OUTAGE),
    (State.AWAY, Input.OPENED): (State.REPLAYING, REPLAY),
    (State.AWAY, Input.OPEN_FAILED): (State.AWAY, [Effect.OPEN_LATER]),
    (State.STOPPED, Input.OPENED): (State.STOPPED, [Effect.CLOSE]),
    **{(state, Input.STOP): (State.STOPPED, []) for state in State},
}


@pytest.mark.parametrize("happened", Input)
@pytest.mark.parametrize("state", State)
def test_each_state_takes_each_input(state, happened):
    availability = Availability(state)
    effects = availability.feed(happened)
    assert (availability.state, list(effects)) == CHANGES.get((state, happened), (state, []))


def test_database_is_written_only_while_it_is_open():
    assert [state for state in State if Availability(state).is_open] == [State.REPLAYING, State.WRITING]


def test_pauses_grow_up_to_ten_seconds_and_are_short_again_after_a_write():
    availability = Availability()
    pauses = []
    for _ in range(9):
        availability.feed(Input.OPEN_FAILED)
        pauses.append(availability.pause_s)
    assert pauses == pytest.approx([0.5, 0.85, 1.445, 2.456, 4.176, 7.099, 10.0, 10.0, 10.0], abs=0.001)
    for happened in (Input.OPENED, Input.WRITTEN, Input.WRITE_FAILED):
        availability.feed(happened)
    assert availability.pause_s == 0.5


def test_pauses_grow_when_the_database_opens_and_takes_no_write():
    availability = Availability()
    for _ in range(3):
        availability.feed(Input.OPENED)
        availability.feed(Input.WRITE_FAILED)
    assert availability.pause_s == pytest.approx(0.5 * 1.7**2)
