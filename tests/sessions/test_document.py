"""A session comes back from its text, written by this version or another."""

import json
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.call.attempts import Attempt
from exoswitch.call.charge import Charge
from exoswitch.call.recording import Recorded, RecordingWish
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import BotTarget, CallStatus, DisconnectedBy, StreamStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.stream_tap import StreamTap
from exoswitch.errors import CorruptRecord
from exoswitch.sessions.document import event_text, from_text, to_text
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION, any_sessions

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["bot", "ending", "status"]), inner),
    max_leaves=8,
)


ATTEMPT = Attempt(
    trunk="bsnl1",
    channel_id="c1",
    shown="+914024001350",
    dialled_at=MOMENT + 1,
    sip_status=503,
    cause=34,
    reason="503",
)
ENDED = evolve(
    SESSION,
    bot=BotTarget(url="ws://bot.example.org/ws", options=StreamOptions(chunk_ms=100, trace="audio")),
    custom_field="ü\ud800",
    answered_at=MOMENT + 2.5,
    gateway="gw1",
    takeovers=2,
    attempts=(ATTEMPT,),
    recording=RecordingWish(channels="dual"),
    recorded=Recorded(seconds=6.5),
).ended(evolve(HUNG_UP, stream_status=StreamStatus.COMPLETED, disconnected_by=DisconnectedBy.USER), MOMENT + 9)

TEXT = (
    '{"version":2,"call_sid":"c1","account":"acme1","direction":"outbound-api","customer":"+919812345610",'
    '"exophone":"08047491899","bot":{"url":"ws://bot.example.org/ws","options":{"chunk_ms":100,"numbers":"national",'
    '"outbound_from":"customer","first_timestamp":"chunk","leg_sid":false,"sample_rate_parameter":false,'
    '"custom_field":true,"marks_on_clear":"flush","clear_granularity":"frame","drain_on_close":false,"close_after_stop":"handshake",'
    '"on_stream_loss":"hang-up","on_gateway_loss":"resume","resumed_sid":"new","ca_file":"","trace":"audio"},"app":null,"passthru":null,"record":null},'
    '"created_at":1700000000.0,"updated_at":1700000009.0,"status":"completed","stream_sid":"s1",'
    r'"custom_field":"\u00fc\ud800","answered_at":1700000002.5,"ended_at":1700000009.0,"trunk":null,"asterisk":null,'
    '"gateway":"gw1","channel_id":null,"ring_s":null,"max_duration_s":null,"takeovers":2,"talked_s":null,"attempts":['
    '{"trunk":"bsnl1","channel_id":"c1","shown":"+914024001350","dialled_at":1700000001.0,"sip_status":503,"cause":34,'
    '"has_rung":false,"reason":"503"}],"ending":'
    '{"status":"completed","reason":"the caller hung up","cause":16,"stream_status":"completed",'
    '"disconnected_by":"user","stream_error":null},"charge":null,"callback":null,"parent_call_sid":null,"parent_channel_id":null,"second":null,"tap":null,"flow":null,'
    '"recording":{"channels":"dual","format":"mp3"},"recorded":{"seconds":6.5,"ended_early":null}}'
)
EVENT_TEXT = (
    '{"version":2,"status":"completed","stream_sid":"s1","trunk":null,"asterisk":null,"gateway":"gw1",'
    '"channel_id":null,"updated_at":1700000009.0,"answered_at":1700000002.5,"ended_at":1700000009.0,"talked_s":null,"attempts":['
    '{"trunk":"bsnl1","channel_id":"c1","shown":"+914024001350","dialled_at":1700000001.0,"sip_status":503,"cause":34,'
    '"has_rung":false,"reason":"503"}],"ending":'
    '{"status":"completed","reason":"the caller hung up","cause":16,"stream_status":"completed",'
    '"disconnected_by":"user","stream_error":null},"charge":null,"second":null,"flow":null,'
    '"recorded":{"seconds":6.5,"ended_early":null}}'
)


def test_session_and_event_are_written_with_exactly_these_keys_in_this_order():
    assert to_text(ENDED) == TEXT
    assert event_text(ENDED) == EVENT_TEXT


@given(any_sessions)
@settings(deadline=None, max_examples=60)
def test_every_session_comes_back_from_one_line_of_ascii(session):
    text = to_text(session)
    assert text.isascii()
    assert "\n" not in text
    assert from_text(text) == session


@given(st.text(max_size=20) | json_values.map(json.dumps))
@settings(deadline=None, max_examples=60)
def test_any_other_text_is_a_corrupt_record(text):
    with pytest.raises(CorruptRecord):
        from_text(text)


TREE = json.loads(TEXT)
OPTIONS = TREE["bot"]["options"]


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        (None, "not a JSON object"),
        ({**TREE, "bot": 3}, "BotTarget | None @ $.bot"),
        ({**TREE, "bot": {"options": OPTIONS}}, "required field missing @ $.bot.url"),
        ({**TREE, "bot": {"url": "ws://bot", "options": {**OPTIONS, "trace": 3}}}, "@ $.bot.options.trace"),
        ({**TREE, "customer": None}, "expected str @ $.customer"),
        ({**TREE, "direction": "sideways"}, "expected Direction @ $.direction"),
        ({**TREE, "ending": {"status": "completed"}}, "required field missing @ $.ending.reason"),
        ({**TREE, "version": 1, "bot": 3}, "its bot is not a JSON object"),
    ],
)
def test_error_about_a_record_names_the_place_in_it(tree, told):
    with pytest.raises(CorruptRecord, match="a stored session cannot be read") as caught:
        from_text(json.dumps(tree))
    assert told in str(caught.value)


def test_error_about_a_record_contains_no_phone_number():
    tree = {**TREE, "customer": ["+919812345610"], "direction": "+919812345610"}
    with pytest.raises(CorruptRecord) as caught:
        from_text(json.dumps(tree))
    assert "98123" not in str(caught.value)


def test_value_of_an_option_that_a_later_version_adds_is_kept():
    tree = {
        **TREE,
        "bot": {
            "url": "ws://bot",
            "options": {**OPTIONS, "trace": "video"},
            "app": "1",
            "passthru": None,
            "record": None,
        },
    }
    assert json.loads(to_text(from_text(json.dumps(tree)))) == tree


def test_fields_of_a_later_version_are_ignored():
    tree = json.loads(to_text(SESSION)) | {"version": 3, "mood": "good"}
    tree["bot"]["options"]["voice"] = "deep"
    assert from_text(json.dumps(tree)) == SESSION


def test_missing_fields_take_their_defaults():
    tree = json.loads(to_text(SESSION))
    for name in ("custom_field", "ending", "trunk", "gateway", "channel_id", "ring_s", "max_duration_s", "attempts"):
        del tree[name]
    for name in ("callback", "parent_call_sid", "second", "tap", "flow"):
        del tree[name]
    del tree["recording"], tree["recorded"], tree["bot"]["record"]
    del tree["bot"]["options"]["drain_on_close"], tree["bot"]["passthru"]
    assert from_text(json.dumps(tree)) == SESSION


def test_call_between_two_phones_comes_back_with_its_second_leg_and_its_tap():
    charge = Charge(amount=Decimal("0.4"), currency="INR", billed_s=60, baseline=Decimal(1), baseline_currency="INR")
    second = SecondLeg(
        number="+919812345611", call_sid="c2", status=CallStatus.COMPLETED, talked_s=4.5, trunk="bsnl2", charge=charge
    )
    tap = StreamTap(url="wss://user:pass@bot.example.org/ws", name="qa", begins_at="leg2", timeout_s=60.0)
    session = evolve(ENDED, bot=None, second=second, tap=tap)
    assert from_text(to_text(session)) == session
    assert "919812345611" not in repr(session)
    assert "pass" not in repr(session)


def test_status_callback_comes_back_and_its_url_is_not_shown():
    callback = StatusCallback(url="https://crm.example.org/told?key=hunter2", events=("answered",), content="json")
    session = evolve(SESSION, callback=callback)
    assert from_text(to_text(session)) == session
    assert "hunter2" not in repr(session)


def test_event_has_the_fields_that_change_and_no_others():
    carried = evolve(SESSION, gateway="gw2", channel_id="c1-2")
    detail = json.loads(event_text(carried.ended(HUNG_UP, MOMENT + 9)))
    assert detail["ending"]["reason"] == "the caller hung up"
    assert (detail["gateway"], detail["channel_id"]) == ("gw2", "c1-2")
    assert not {"customer", "exophone", "bot", "custom_field"} & detail.keys()


def test_amounts_of_money_are_texts_and_come_back_exactly():
    charge = Charge(
        amount=Decimal("0.200001"), currency="INR", billed_s=60, baseline=Decimal("0.5"), baseline_currency="INR"
    )
    session = evolve(ENDED, charge=charge)
    assert json.loads(to_text(session))["charge"]["amount"] == "0.200001"
    assert from_text(to_text(session)) == session


@pytest.mark.parametrize("amount", [0.2, 1, "NaN", "-1", "1e9", "1.0000001", [], True])
def test_amount_that_is_no_plain_number_in_a_text_is_a_corrupt_record(amount):
    charge = {"amount": amount, "currency": "INR", "billed_s": 1, "baseline": "0", "baseline_currency": "INR"}
    with pytest.raises(CorruptRecord):
        from_text(json.dumps({**TREE, "charge": charge}))
