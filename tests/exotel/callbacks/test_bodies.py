import json
from io import BytesIO
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st
from multipart import MultipartParser

from exoswitch.exotel.callbacks.bodies import encode

DOCUMENT = {
    "CallSid": "c1",
    "ConversationDuration": 17,
    "CustomField": 'é "x"; &=+\r\n',
    "Legs": [{"OnCallDuration": 17, "Status": "completed"}, {"OnCallDuration": 3, "Status": "busy"}],
}
FLAT = {
    "CallSid": "c1",
    "ConversationDuration": "17",
    "CustomField": 'é "x"; &=+\r\n',
    "Legs[0][OnCallDuration]": "17",
    "Legs[0][Status]": "completed",
    "Legs[1][OnCallDuration]": "3",
    "Legs[1][Status]": "busy",
}


def parts(body):
    boundary = body.content_type.partition("boundary=")[2]
    return {part.name: part.value for part in MultipartParser(BytesIO(body.data), boundary)}


def test_multipart_has_one_part_for_each_value():
    body = encode(DOCUMENT, "multipart", "b1")
    assert body.content_type == "multipart/form-data; boundary=b1"
    assert parts(body) == FLAT


def test_json_keeps_numbers_and_legs():
    body = encode(DOCUMENT, "json", "b1")
    assert body.content_type == "application/json"
    assert json.loads(body.data) == DOCUMENT


def test_form_is_urlencoded():
    body = encode(DOCUMENT, "form", "b1")
    assert body.content_type == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(body.data.decode(), keep_blank_values=True)) == FLAT


def test_word_of_a_later_version_for_the_content_is_multipart():
    assert encode(DOCUMENT, "protobuf", "b1").content_type.startswith("multipart/form-data")


@given(st.text(max_size=40), st.sampled_from(["multipart", "json", "form"]))
def test_every_text_can_be_encoded(text, content):
    assert encode({"CustomField": text}, content, "b1").data
