"""Every state of a connection to a bot with every input."""

from itertools import product

import pytest

from exoswitch.call.effects import StopReason
from exoswitch.exotel.stream.machine import Close, Do, Failed, Lost, Signal, State, advance
from exoswitch.exotel.stream.observer import Side

STOP = Close(StopReason.CALL_ENDED)
LOST = Lost(None, "gone", Side.BOT)
INPUTS = [Signal.OPENED, Failed("no answer"), Signal.START, STOP, Signal.CLOSING, LOST]

CHANGES = {
    (State.HANDSHAKING, Signal.OPENED): (State.OPEN, (Do.REPORT_OPENED,)),
    (State.HANDSHAKING, Failed("no answer")): (State.CLOSED, (Failed("no answer"),)),
    (State.HANDSHAKING, STOP): (State.CLOSED, (Do.GIVE_UP,)),
    (State.HANDSHAKING, LOST): (State.CLOSED, (Failed("gone"),)),
    (State.OPEN, Signal.START): (State.STARTED, (Do.BEGIN,)),
    (State.OPEN, STOP): (State.CLOSING, (Close(None),)),
    (State.OPEN, Signal.CLOSING): (State.CLOSING, (Do.LIMIT_CLOSING,)),
    (State.OPEN, LOST): (State.CLOSED, (LOST,)),
    (State.STARTED, STOP): (State.CLOSING, (Do.END_MEDIA, STOP)),
    (State.STARTED, Signal.CLOSING): (State.CLOSING, (Do.END_MEDIA, Do.PLAY_REST, Do.LIMIT_CLOSING)),
    (State.STARTED, LOST): (State.CLOSED, (Do.END_MEDIA, LOST)),
    (State.CLOSING, Signal.CLOSING): (State.CLOSING, (Do.LIMIT_CLOSING,)),
    (State.CLOSING, LOST): (State.CLOSED, (LOST,)),
}


@pytest.mark.parametrize(("state", "event"), list(product(State, INPUTS)), ids=repr)
def test_each_input_in_each_state_gives_the_listed_state_and_effects(state, event):
    assert advance(state, event) == CHANGES.get((state, event), (state, ()))


def test_the_end_of_a_stream_is_reported_exactly_once_after_any_inputs():
    for inputs in product(INPUTS, repeat=4):
        state, effects = State.HANDSHAKING, []
        for event in inputs:
            state, more = advance(state, event)
            effects += more
        assert sum(effect is Do.GIVE_UP or isinstance(effect, Failed | Lost) for effect in effects) == (
            state is State.CLOSED
        )
