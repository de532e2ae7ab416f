"""Every state of a connection to a bot with every input."""

from itertools import product

import pytest

from exoswitch.call.effects import StopReason
from exoswitch.exotel.stream.machine import (
    Begin,
    Close,
    Closing,
    Disconnect,
    EndMedia,
    Failed,
    GiveUp,
    LimitClosing,
    Lost,
    Opened,
    ReportClosed,
    ReportFailed,
    ReportOpened,
    Start,
    State,
    advance,
)
from exoswitch.exotel.stream.observer import Side

STOP = Close(StopReason.CALL_ENDED)
LOST = Lost(None, "gone", Side.BOT)
INPUTS = [Opened(), Failed("no answer"), Start(), STOP, Closing(), LOST]

CHANGES = {
    (State.HANDSHAKING, Opened()): (State.OPEN, (ReportOpened(),)),
    (State.HANDSHAKING, Failed("no answer")): (State.CLOSED, (ReportFailed("no answer"),)),
    (State.HANDSHAKING, STOP): (State.CLOSED, (GiveUp(),)),
    (State.HANDSHAKING, LOST): (State.CLOSED, (ReportFailed("gone"),)),
    (State.OPEN, Start()): (State.STARTED, (Begin(),)),
    (State.OPEN, STOP): (State.CLOSING, (Disconnect(None),)),
    (State.OPEN, Closing()): (State.CLOSING, (LimitClosing(),)),
    (State.OPEN, LOST): (State.CLOSED, (ReportClosed(LOST),)),
    (State.STARTED, STOP): (State.CLOSING, (EndMedia(), Disconnect(StopReason.CALL_ENDED))),
    (State.STARTED, Closing()): (State.CLOSING, (EndMedia(play_rest=True), LimitClosing())),
    (State.STARTED, LOST): (State.CLOSED, (EndMedia(), ReportClosed(LOST))),
    (State.CLOSING, Closing()): (State.CLOSING, (LimitClosing(),)),
    (State.CLOSING, LOST): (State.CLOSED, (ReportClosed(LOST),)),
}


@pytest.mark.parametrize(("state", "event"), list(product(State, INPUTS)), ids=repr)
def test_each_state_answers_each_input(state, event):
    assert advance(state, event) == CHANGES.get((state, event), (state, ()))


def test_a_stream_is_reported_as_ended_exactly_once_whatever_happens():
    endings = (ReportFailed, GiveUp, ReportClosed)
    for inputs in product(INPUTS, repeat=4):
        state, effects = State.HANDSHAKING, []
        for event in inputs:
            state, more = advance(state, event)
            effects += more
        assert sum(isinstance(effect, endings) for effect in effects) == (state is State.CLOSED)
