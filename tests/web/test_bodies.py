"""The parameters of a request, as its query and its body write them."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.errors import InvalidRequest
from exoswitch.web.bodies import MAX_PARAMETERS, read_parameters
from exoswitch.web.limits import MAX_BODY_BYTES

FORM, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"


def part(name, value, *, more=""):
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


def pairs(query, content_type, body):
    """Give the names and values that are read."""
    return {name: values[0] for name, values in read_parameters(query, content_type, body)._values.items()}


def error_of(content_type, body, query=b""):
    with pytest.raises(InvalidRequest) as raised:
        read_parameters(query, content_type, body)
    return str(raised.value)


def test_a_form_keeps_semicolons_and_reads_names_in_any_case():
    body = b"From=%2B919812345610&StreamUrl=ws://h/?a=1;b=2&CustomField=a+b&&empty&x=y=z"
    assert pairs(b"", FORM, body) == {
        "from": "+919812345610",
        "streamurl": "ws://h/?a=1;b=2",
        "customfield": "a b",
        "empty": "",
        "x": "y=z",
    }


def test_the_body_comes_before_the_query_and_the_first_of_each_counts():
    read = pairs(b"From=query&To=query", FORM, b"from=body&FROM=late")
    assert read == {"from": "body", "to": "query"}


def test_a_body_without_a_type_is_a_form():
    assert pairs(b"", "", b"From=1") == {"from": "1"}


def test_multipart_is_read_and_a_file_counts_as_text():
    body = part("From", "0981") + part("Custom", "a\r\nb", more='; filename="x.txt"') + "--b--\r\n"
    assert pairs(b"", MULTIPART, body.encode()) == {"from": "0981", "custom": "a\r\nb"}


def test_json_is_read_with_arrays_as_forms_write_them():
    document = {
        "From": 919812345610,
        "Record": True,
        "To": None,
        "Price": 1.5,
        "StatusCallbackEvents": ["terminal", "answered"],
        "Legs": [{"Status": "busy"}],
    }
    assert pairs(b"", JSON + "; charset=utf-8", json.dumps(document).encode()) == {
        "from": "919812345610",
        "record": "true",
        "price": "1.5",
        "statuscallbackevents[0]": "terminal",
        "statuscallbackevents[1]": "answered",
        "legs[0][status]": "busy",
    }


@pytest.mark.parametrize(
    ("words", "content_type", "body"),
    [
        ("the body is not JSON", JSON, b"{"),
        ("the body is not JSON", JSON, b"\xff"),
        ("the body is not JSON", JSON, b"[" * 1990),
        ("the body is not JSON", JSON, b'{"a":' * 1500),
        ("the body is not JSON", JSON, b"1" * 5000),
        ("the JSON body is not an object", JSON, b"[1]"),
        ("has more than 8 levels", JSON, b'{"a":' * 20 + b"1" + b"}" * 20),
        ("is not text", JSON, b'{"From": "\\ud800"}'),
        ("is not text", JSON, b'{"From": "a\\u0000"}'),
        ("is not text", JSON, b'{"\\u0000": "a"}'),
        ("is not text", FORM, b"CustomField=a%00b"),
        ("the parameter 'From' is not UTF-8", FORM, b"From=%ff"),
        (
            "the parameter 'From' is not UTF-8",
            MULTIPART,
            part("From", "é").encode("latin-1") + b"--b--",
        ),
        ("Content-Type 'text/plain' is not supported", "text/plain", b"From=1"),
        ("the multipart body cannot be read", MULTIPART, b"nothing"),
        ("the multipart body cannot be read", MULTIPART, part("From", "1").encode()),
        ("the multipart body cannot be read", "multipart/form-data", part("From", "1").encode()),
        ("has more than 200 parameters", FORM, b"a=1&" * (MAX_PARAMETERS + 1)),
        ("has more than 200 parameters", JSON, b"[" * 60_000),
        ("has more than 200 parameters", JSON, b'{"a": [' + b"[]," * 20_000 + b"1]}"),
        ("has more than 200 parameters", JSON, json.dumps({"a": [1] * (MAX_PARAMETERS + 1)}).encode()),
        ("the request has more than 200", MULTIPART, part("a", "1").encode() * (MAX_PARAMETERS + 1) + b"--b--"),
        (
            "the multipart body cannot be read: Segment header failed to decode",
            MULTIPART,
            part("a", "1").encode().replace(b'"a"', b'"\xff"'),
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_an_invalid_request(words, content_type, body):
    assert words in error_of(content_type, body)


def test_parts_inside_parts_are_text():
    nested = part("a", "1", more='\r\nContent-Type: multipart/mixed; boundary="c"') * 100 + "--b--"
    assert pairs(b"", MULTIPART, nested.encode()) == {"a": "1"}


@settings(deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from([FORM, MULTIPART, JSON, "multipart/form-data; boundary=\n", ";", MULTIPART + "; x"]),
    st.binary(max_size=200),
)
def test_arbitrary_bytes_give_parameters_or_an_invalid_request(query, content_type, body):
    assert len(body) <= MAX_BODY_BYTES
    with contextlib.suppress(InvalidRequest):
        read_parameters(query, content_type, body)
    with contextlib.suppress(InvalidRequest):
        read_parameters(query, content_type, b"--b\r\n" + body + b"\r\n--b--\r\n")
