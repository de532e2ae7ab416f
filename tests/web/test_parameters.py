"""The parameters of a request, read by name."""

import pytest

from exoswitch.errors import InvalidRequest
from exoswitch.web.bodies import read_parameters
from exoswitch.web.parameters import Parameters

FORM = "application/x-www-form-urlencoded"


def form(text):
    return read_parameters(b"", FORM, text.encode())


@pytest.mark.parametrize("name", ["StreamUrl", "streamurl", "STREAMURL"])
def test_names_are_read_in_any_case_and_the_first_value_counts(name):
    assert form(f"{name}=+ws://h/+&streamURL=other").text("StreamUrl") == "ws://h/"


def test_a_missing_and_an_empty_parameter_are_none():
    assert form("a=&b=+").text("a") is form("a=&b=+").text("b") is form("").text("c") is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+919812345610", "+919812345610"),
        ("%2B919812345610", "+919812345610"),
        ("+14155550123", "+14155550123"),
        ("+91+98123+45610", "+919812345610"),
        ("09812345610", "+919812345610"),
        ("+09812345610", "+919812345610"),
        ("+9812345610", "+919812345610"),
        ("+98123+45610", "+919812345610"),
        ("+67822345", "+67822345"),
    ],
)
def test_a_plus_that_a_form_made_a_blank_is_read(written, number):
    assert form(f"From={written}").number("From") == number
    assert form(f"From={written},{written}").numbers("From") == (number, number)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+6591234567", "+6591234567"),
        ("+65+9123+4567", "+6591234567"),
        ("6591234567", None),
        ("%2B6591234567", None),
        ("+916591234567", None),
        ("+0591234567", None),
        ("+65912345a7", None),
        ("", None),
    ],
)
def test_ten_digits_after_a_blank_may_be_a_foreign_number(written, number):
    assert form(f"From={written}").foreign_number("From") == number


def test_an_error_names_the_parameter_its_value_and_the_remedy():
    with pytest.raises(InvalidRequest, match=r"^From is missing$"):
        form("").number("From")
    with pytest.raises(InvalidRequest, match=r"^From: '12' is not a phone number: write"):
        form("From=12").number("from".title())
    with pytest.raises(InvalidRequest, match=r"^TimeOut='x' must be a number of seconds from 1 to 60$"):
        form("TimeOut=x").seconds("TimeOut", 60)
    with pytest.raises(InvalidRequest, match=r"^Record='maybe' must be true or false$"):
        form("Record=maybe").flag("Record")


@pytest.mark.parametrize(
    "body",
    [
        "Events=terminal&Events=answered",
        "Events[]=terminal&Events[]=answered",
        "Events[0]=terminal&Events[1]=answered",
        "Events[1]=answered&Events[0]=terminal",
        "Events%5B0%5D=terminal&EVENTS%5B1%5D=answered",
        "Events=terminal,answered",
        "Events=terminal%2C+answered,",
        "Events[0]=terminal,answered",
    ],
)
def test_every_spelling_of_an_array_is_read(body):
    assert form(body).many("Events") == ("terminal", "answered")


def test_an_array_of_json_is_read_and_what_is_none_is_empty():
    document = b'{"Events": ["terminal", "answered"], "Other": [["x"]]}'
    read = read_parameters(b"", "application/json", document)
    assert (read.many("Events"), read.many("Other"), read.many("None")) == (("terminal", "answered"), (), ())


def test_a_flag_is_read_in_the_words_that_clients_use():
    read = {text: form(f"Record={text}").flag("Record") for text in ("true", "True", "1", "false", "FALSE", "0", "")}
    assert read == {"true": True, "True": True, "1": True, "false": False, "FALSE": False, "0": False, "": None}


def test_parameters_are_not_shown_in_a_log():
    assert "98123" not in repr(Parameters.of([("From", "+919812345610")]))
