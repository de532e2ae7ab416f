import pytest

from exoswitch.certify.greeting import greeting_due_s
from tests.harness.certify_seen import TONE, media, talk, tape


def greeted(after_s, *, spoke=None):
    """A call of 5 s, whose bot is heard after so many seconds, and whose caller speaks at `spoke`."""
    one = tape(opened=0.0)
    if after_s is not None:
        talk(one, after_s, 0.5)
    if spoke is not None:
        one.sent(media(TONE[0]), spoke)
    return one


@pytest.mark.parametrize(
    ("earlier", "due_s"),
    [
        ([], 4.0),
        ([greeted(0.5)], 2.5),
        ([greeted(0.5), greeted(3.0), greeted(None)], 5.0),
        ([greeted(None)], 1.5),
        ([greeted(None, spoke=0.6)], 4.0),
        ([greeted(3.0, spoke=2.0)], 4.0),
        ([tape(opened=None)], 4.0),
    ],
)
def test_the_caller_waits_as_long_as_earlier_calls_suggest(earlier, due_s):
    assert greeting_due_s(earlier) == due_s
