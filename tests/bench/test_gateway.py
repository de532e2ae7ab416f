"""The gateway of a benchmark: its short calls."""

from exoswitch.bench.gateway import Call
from exoswitch.errors import ExoswitchError


def test_a_call_whose_bot_refuses_it_was_not_set_up():
    call, problems = Call(), []
    call.opened.addErrback(lambda failure: problems.append(failure.value))
    call.stream_failed("refused with HTTP 403")
    assert not call.is_set_up
    assert [(type(problem), str(problem)) for problem in problems] == [(ExoswitchError, "refused with HTTP 403")]
