import pytest

from exoswitch import errors
from exoswitch.exotel.rest.errors import (
    NoSuchMethod,
    NoSuchPath,
    NotAllowed,
    Unauthorized,
    Unsupported,
    error_response,
)
from exoswitch.exotel.rest.form import Form


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
    assert response.document(Form.JSON, "GET", "r1") == {"RestException": {"Status": status, "Message": str(error)}}
    assert response.document(Form.XML, "GET", "r1") == response.document(Form.JSON, "GET", "r1")
    assert response.document(Form.V2, "GET", "r1")["response"]["error_data"]["description"] == str(error)
    assert ("Retry-After" in response.headers) == (status in {429, 503})
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


@pytest.mark.parametrize(
    ("error", "status", "code", "phrase"),
    [
        (Unauthorized("no"), 401, 1010, "Unauthorized"),
        (errors.InvalidRequest("x"), 400, 1002, "Bad Request"),
        (NoSuchPath("x"), 404, 404, "Not Found"),
    ],
)
def test_version_2_has_a_form_of_its_own(error, status, code, phrase):
    assert error_response(error).document(Form.V2, "GET", "r1") == {
        "request_id": "r1",
        "method": "GET",
        "http_code": status,
        "response": {
            "code": status,
            "error_data": {"code": code, "message": phrase, "description": str(error)},
            "status": "failure",
            "data": None,
        },
    }


def test_a_wrong_method_is_answered_with_the_right_ones():
    response = error_response(NoSuchMethod("PUT is not a method of /x", ("GET", "HEAD")))
    assert (response.status, response.headers) == (405, {"Allow": "GET, HEAD"})
    assert response.message == "PUT is not a method of /x: use GET or HEAD"


def test_an_unexpected_error_is_answered_without_details():
    response = error_response(KeyError("secret"))
    assert response.status == 500
    assert "secret" not in response.message


def test_an_error_without_text_is_answered_with_its_name():
    assert error_response(errors.CallNotFound()).message == "CallNotFound"
