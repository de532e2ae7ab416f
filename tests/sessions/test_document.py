"""A session as text comes back as it was, from this version and from others."""

import json

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.errors import RemoteProtocolError
from exoswitch.sessions.document import event_text, from_text, to_text
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION, any_sessions

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["bot", "ending", "status"]), inner),
    max_leaves=8,
)


@given(any_sessions)
@settings(deadline=None, max_examples=60)
def test_every_session_comes_back_as_it_was_from_one_line_of_ascii(session):
    text = to_text(session)
    assert text.isascii()
    assert "\n" not in text
    assert from_text(text) == session


@given(st.text(max_size=20) | json_values.map(json.dumps))
@settings(deadline=None, max_examples=60)
def test_other_text_is_refused_in_one_way_only(text):
    with pytest.raises(RemoteProtocolError):
        from_text(text)


def test_what_a_later_version_adds_is_passed_over():
    tree = json.loads(to_text(SESSION)) | {"version": 3, "mood": "good"}
    tree["bot"]["options"]["voice"] = "deep"
    assert from_text(json.dumps(tree)) == SESSION


def test_what_an_earlier_version_did_not_know_takes_its_default():
    tree = json.loads(to_text(SESSION))
    for name in ("custom_field", "ending", "trunk", "gateway", "channel_id", "ring_s", "max_duration_s"):
        del tree[name]
    del tree["bot"]["options"]["drain_on_close"]
    assert from_text(json.dumps(tree)) == SESSION


def test_event_tells_what_changes_and_not_again_who_talks_to_whom():
    carried = evolve(SESSION, gateway="gw2", channel_id="c1-2")
    detail = json.loads(event_text(carried.ended(HUNG_UP, MOMENT + 9)))
    assert detail["ending"]["reason"] == "the caller hung up"
    assert (detail["gateway"], detail["channel_id"]) == ("gw2", "c1-2")
    assert not {"customer", "exophone", "bot", "custom_field"} & detail.keys()
