"""The words of a simulated bot about its calls, in virtual time."""

import re

from tests.harness.certify_bots import certify


def test_a_bot_says_who_calls_and_how_the_call_ended():
    said = []
    certify("echo", "connects", tell=said.append)
    call_sid = said[0].split()[1]
    assert said[0] == f"call {call_sid} from 098******10 to 080******99"
    assert re.fullmatch(rf"call {call_sid}: closed with code 1000 after 0\.\d s of audio", said[1])


def test_a_bot_says_that_it_refused_a_call():
    said = []
    certify("refuse=403", "connects", tell=said.append)
    assert said == ["refused a call with HTTP 403"]
