import pytest

from exoswitch import errors
from exoswitch.exotel.rest.errors import NotServed, TooLarge, Unauthorized, refuse


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidRequest("From is missing"), 400),
        (Unauthorized("no"), 401),
        (errors.CallNotFound("no such call"), 404),
        (TooLarge("too large"), 413),
        (errors.NoCapacity("full"), 429),
        (NotServed("not yet"), 501),
        (errors.TrunkError("no trunk"), 502),
        (errors.BackendUnavailable("no Asterisk"), 503),
    ],
)
def test_each_error_of_ours_has_one_answer_that_says_what_happened(error, status):
    refusal = refuse(error)
    assert refusal.status == status
    assert refusal.body() == {"RestException": {"Status": status, "Message": str(error), "Code": refusal.code}}
    assert (refusal.retry_after_s is not None) == (status in {429, 503})


def test_an_error_that_nobody_foresaw_tells_nothing_of_the_inside():
    refusal = refuse(KeyError("secret"))
    assert refusal.status == 500
    assert "secret" not in refusal.message


def test_an_error_without_words_still_says_something():
    assert refuse(errors.CallNotFound()).message == "CallNotFound"
