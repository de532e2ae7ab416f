"""The bounds of what waits for Asterisk's confirmation."""

import pytest
from twisted.internet.defer import Deferred

from exoswitch.ami.confirm import ASKED_AT_ONCE, Confirmations
from exoswitch.call.events import ChannelHungUp, MediaAnnounced

LEG = "UnicastRTP/10.0.1.9:20000-0x1"


class Silent:
    """A connection whose Asterisk does not answer."""

    def __init__(self):
        self.asked = []

    def command(self, message):
        self.asked.append(Deferred())
        return self.asked[-1]


@pytest.fixture
def contradicted():
    return []


@pytest.fixture
def confirmations(contradicted):
    return Confirmations(lambda event: None, contradicted.append)


def hang_up(number):
    return ChannelHungUp(f"1700.{number}", cause=16, text="")


def test_some_questions_are_asked_at_once_and_the_others_wait(confirmations):
    ami = Silent()
    for number in range(ASKED_AT_ONCE + 5):
        confirmations.hung_up(ami, hang_up(number))
    assert len(ami.asked) == ASKED_AT_ONCE


def test_hang_ups_that_wait_are_bounded(confirmations, contradicted, monkeypatch):
    monkeypatch.setattr("exoswitch.ami.confirm.HELD", 3)
    ami = Silent()
    for number in range(5):
        confirmations.hung_up(ami, hang_up(number))
    confirmations.hung_up(ami, hang_up(0))  # It waits already.
    assert contradicted == ["more than 3 hang-ups at once"] * 2


def test_addresses_that_wait_are_bounded(confirmations, contradicted, monkeypatch):
    monkeypatch.setattr("exoswitch.ami.confirm.HELD", 3)
    ami = Silent()
    for _ in range(ASKED_AT_ONCE + 5):
        confirmations.announced(ami, MediaAnnounced("1700.1", host="10.0.1.5", port=10000, leg=None), LEG)
    assert contradicted == ["more than 3 addresses of legs at once"] * 2
