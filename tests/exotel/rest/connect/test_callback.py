"""The status callback of a request, in every spelling that dialers use."""

import pytest

from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect.callback import read_callback
from exoswitch.web.bodies import read_parameters

URL = "https://crm.example.org/calls?key=s3cret&tag=a%20b;c"


def read(body, kind="application/x-www-form-urlencoded"):
    return read_callback(read_parameters(b"", kind, body))


def form(rest):
    return read(b"StatusCallback=https%3A%2F%2Fcrm.example.org%2Fcalls%3Fkey%3Ds3cret%26tag%3Da%2520b;c" + rest)


def test_a_url_alone_asks_for_the_end_as_multipart_and_its_query_is_kept():
    assert form(b"") == StatusCallback(url=URL, events=(), content="multipart")
    assert read(b"StatusCallbackEvents=terminal") is None


@pytest.mark.parametrize(
    "events",
    [
        b"StatusCallbackEvents[0]=terminal&StatusCallbackEvents[1]=answered",
        b"StatusCallbackEvents%5B%5D=answered&StatusCallbackEvents%5B%5D=terminal",
        b"StatusCallbackEvents=terminal&StatusCallbackEvents=answered",
        b"StatusCallbackEvents=terminal,answered",
        b"StatusCallbackEvents=terminal%2C%20Answered",
        b"statuscallbackevents[]=Terminal,answered",
        b"StatusCallbackEvents=%5B%22terminal%22%2C%20%22answered%22%5D",
        b"StatusCallbackEvents=both",
    ],
)
def test_events_are_read_in_every_spelling(events):
    assert form(b"&" + events).events == ("answered", "terminal")


def test_events_of_json_are_a_list():
    body = b'{"StatusCallback":"http://h/x","StatusCallbackEvents":["ringing","terminal"]}'
    assert read(body, "application/json").events == ("ringing", "terminal")


@pytest.mark.parametrize(
    ("written", "content"),
    [
        ("multipart/form-data", "multipart"),
        ("application/json", "json"),
        ("application/json; charset=utf-8", "json"),
        ("JSON", "json"),
        ("application/x-www-form-urlencoded", "form"),
        ("", "multipart"),
    ],
)
def test_the_form_of_the_callback_is_that_which_is_asked_for(written, content):
    assert form(b"&StatusCallbackContentType=" + written.encode()).content == content


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("StatusCallback must be written as http://host[:port]/path", b"StatusCallback=crm.example.org"),
        ("StatusCallback must be written as http://host[:port]/path", b"StatusCallback=ftp://crm.example.org/"),
        ("StatusCallback must be written as http://host[:port]/path", b"StatusCallback=http://crm.example.org:0/"),
        ("StatusCallback has the host '2130706433'", b"StatusCallback=http://2130706433/"),
        ("StatusCallback has 2001 characters", b"StatusCallback=http://h/".ljust(15 + 2001, b"x")),
        ("StatusCallbackEvents='hangup' is unknown: write ringing, answered, terminal",
         b"StatusCallback=http://h/&StatusCallbackEvents=hangup"),
        ("StatusCallbackContentType='text/plain' is unknown: write multipart/form-data",
         b"StatusCallback=http://h/&StatusCallbackContentType=text/plain"),
    ],
)  # fmt: skip
def test_an_invalid_callback_is_refused_with_its_name_value_and_remedy(words, body):
    with pytest.raises(InvalidRequest) as raised:
        read(body)
    assert words in str(raised.value)
