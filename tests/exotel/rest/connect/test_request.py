"""A request of ``Calls/connect``, read whole: limits, the field of the dialer, and what is ignored."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.call.recording import RecordingWish
from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect.request import read_connect
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.web.parameters import Parameters
from tests.harness.dialer_accounts import ACCOUNTS, ACME, FLOW, FROM_NUMBER, TWO_PHONES, VOICE_AI

WAYS = pytest.mark.parametrize("way", [VOICE_AI, FLOW, FROM_NUMBER, TWO_PHONES], ids=["ai", "flow", "number", "two"])


def read(parameters, **more):
    return read_connect(Parameters.of({**parameters, **more}.items()), ACME, ACCOUNTS)


def error_of(parameters, **more):
    with pytest.raises(InvalidRequest) as raised:
        read(parameters, **more)
    return str(raised.value)


def test_without_options_a_call_has_none():
    request = read(VOICE_AI)
    assert (request.account, request.custom_field, request.ring_s, request.max_duration_s) == ("acme1", *[None] * 3)
    assert (request.callback, request.recording, request.second, request.tap) == (None, None, None, None)


@WAYS
def test_options_are_read_in_each_way_of_asking(way):
    request = read(
        way,
        TimeOut="30",
        TimeLimit="14400",
        CustomField="order 7",
        Record="true",
        RecordingChannels="dual",
        RecordingFormat="mp3-hq",
        StatusCallback="http://crm.example.org/done?key=1",
        StatusCallbackContentType="application/json",
        **{"StatusCallbackEvents[0]": "terminal"},
    )
    assert (request.ring_s, request.max_duration_s, request.custom_field) == (30.0, 14400.0, "order 7")
    assert request.recording == RecordingWish(channels="dual", format="mp3-hq")
    assert request.callback == StatusCallback(
        url="http://crm.example.org/done?key=1", events=("terminal",), content="json"
    )


@WAYS
def test_parameters_that_are_unknown_or_without_effect_are_ignored(way):
    ignored = {
        "CallType": "promo",
        "CallerType": "trans",
        "WaitUrl": "http://example.org/a.wav",
        "StartPlaybackToNew": "Both",
        "StartPlaybackValueNew": "http://example.org/b.wav",
        "StartRecordingOn": "answer",
        "MaxRetries": "3",
        "details": "true",
    }
    assert read(way, **ignored) == read(way)


@pytest.mark.parametrize(
    ("written", "ring_s"), [("1", 1.0), ("60", 60.0), ("61", 60.0), ("600", 60.0), ("9" * 5000, 60.0)]
)
def test_a_phone_rings_for_a_minute_at_most(written, ring_s):
    assert read(FLOW, TimeOut=written).ring_s == ring_s


def test_an_empty_option_is_one_that_is_missing():
    names = ["TimeOut", "TimeLimit", "CustomField", "StatusCallback", "Record", "StreamUrl", "To"]
    assert read(FLOW, **dict.fromkeys(names, "")) == read(FLOW)


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        ("TimeOut='0' must be a number of seconds from 1 to", {"TimeOut": "0"}),
        ("TimeOut='²' must be", {"TimeOut": "²"}),
        ("TimeLimit='0014401' must be a number of seconds from 1 to 14400", {"TimeLimit": "0014401"}),
        ("TimeLimit='14401' must be a number of seconds from 1 to 14400", {"TimeLimit": "14401"}),
        ("CustomField has 129 characters: write at most 128", {"CustomField": "x" * 129}),
        ("Record='maybe' must be true or false", {"Record": "maybe"}),
        (
            "RecordingChannels='many' is unknown: write single, dual",
            {"Record": "true", "RecordingChannels": "many"},
        ),
        ("RecordingFormat='ogg' is unknown: write mp3, mp3-hq, wav", {"Record": "true", "RecordingFormat": "ogg"}),
    ],
)
def test_an_invalid_option_is_refused_with_its_name_value_and_remedy(words, parameters):
    assert words in error_of(VOICE_AI | parameters)


@pytest.mark.parametrize(
    ("written", "wish"),
    [
        ({"Record": "false", "RecordingChannels": "dual"}, None),
        ({"RecordingFormat": "mp3"}, None),
        ({"Record": "TRUE"}, RecordingWish(channels="single", format="mp3")),
        (
            {"record": "1", "RECORDINGFORMAT": "WAV"},
            RecordingWish(channels="single", format="wav"),
        ),
    ],
)
def test_a_call_is_recorded_if_the_dialer_says_so(written, wish):
    assert read(VOICE_AI, **written).recording == wish


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from([*VOICE_AI, *FLOW, "To", "TimeOut", "StreamType", "StreamBegin", "StatusCallback"]),
        st.text(max_size=30),
    )
)
def test_arbitrary_parameters_give_a_request_or_an_invalid_request(parameters):
    for complete in (parameters, VOICE_AI | parameters, FLOW | parameters, TWO_PHONES | parameters):
        with contextlib.suppress(InvalidRequest, NotAllowed):
            request = read(complete)
            assert request.number.startswith(("+", "sip:"))
            assert (request.bot is None) is (request.second is not None)
