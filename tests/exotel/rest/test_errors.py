import pytest

from exoswitch import errors
from exoswitch.exotel.rest.errors import NotAllowed, Unauthorized, Unsupported, error_response


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidRequest("From is missing"), 400),
        (Unauthorized("no"), 401),
        (NotAllowed("not this country"), 403),
        (errors.CallNotFound("no such call"), 404),
        (errors.NoCapacity("full"), 429),
        (Unsupported("not yet"), 501),
        (errors.TrunkError("no trunk"), 502),
        (errors.BackendUnavailable("no Asterisk"), 503),
    ],
)
def test_each_error_has_one_answer_with_its_text(error, status):
    response = error_response(error)
    assert response.status == status
    assert response.body() == {"RestException": {"Status": status, "Message": str(error), "Code": response.code}}
    assert (response.retry_after_s is not None) == (status in {429, 503})


def test_an_unexpected_error_is_answered_without_details():
    response = error_response(KeyError("secret"))
    assert response.status == 500
    assert "secret" not in response.message


def test_an_error_without_text_is_answered_with_its_name():
    assert error_response(errors.CallNotFound()).message == "CallNotFound"
