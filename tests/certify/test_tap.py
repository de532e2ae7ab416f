"""What a tap writes on the tape of a call, and what it ignores."""

from exoswitch.certify.tap import Tap
from tests.harness.certify_seen import tape


def test_messages_after_the_hang_up_of_the_caller_are_ignored_in_text_and_in_binary():
    one = tape(hung_up=None, closed=None)
    tap = Tap(lambda: 1.0, one)
    tap.opened()
    tap.received(b"no JSON")
    tap.binary_received(320)
    one.hung_up(2.0)
    tap.received(b"no JSON")
    tap.binary_received(320)
    assert (one.said.messages, one.said.binary) == (2, 1)
