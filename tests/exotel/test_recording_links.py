"""The URLs of recordings: one that stays and needs the key, one that is signed and expires."""

from urllib.parse import urlsplit

import pytest
from attrs import evolve

from exoswitch.call.recording import Recorded, RecordingWish
from exoswitch.call.session import CallStatus
from exoswitch.exotel.recording_links import RecordingLinks
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

LINKS = RecordingLinks(base_url="https://exo.example.org", secret=b"a secret of the fleet")
TALKING = evolve(SESSION, recording=RecordingWish()).progressed(CallStatus.IN_PROGRESS, MOMENT + 1)
OVER = TALKING.ended(HUNG_UP, MOMENT + 9)
SIGNED = urlsplit(LINKS.presigned_url(OVER, MOMENT, 300) or "")


def test_the_url_is_made_of_the_account_and_the_call():
    assert LINKS.recording_url(OVER) == "https://exo.example.org/exotelrecordings/acme1/c1.mp3"


@pytest.mark.parametrize(("form", "suffix"), [("mp3", "mp3"), ("mp3-hq", "mp3"), ("wav", "wav")])
def test_the_url_ends_with_the_format(form, suffix):
    session = evolve(OVER, recording=RecordingWish(format=form))
    assert (LINKS.recording_url(session) or "").endswith(f"/c1.{suffix}")


@pytest.mark.parametrize(
    "session",
    [
        evolve(OVER, recording=None),
        TALKING,
        evolve(SESSION, recording=RecordingWish()).ended(HUNG_UP, MOMENT + 9),
        evolve(OVER, recorded=Recorded(seconds=0, ended_early="the disk is full")),
    ],
    ids=["not wanted", "in progress", "not answered", "nothing recorded"],
)
def test_there_is_no_url_without_a_recording(session):
    assert LINKS.recording_url(session) is None
    assert LINKS.presigned_url(session, MOMENT) is None


def test_the_url_of_a_recorded_call_can_be_promised_before_its_end():
    assert LINKS.promised_url(TALKING) == LINKS.promised_url(OVER) == LINKS.recording_url(OVER)
    assert LINKS.promised_url(evolve(TALKING, recording=None)) is None
    assert LINKS.promised_url(evolve(SESSION, recording=RecordingWish())) is None


def test_a_recording_that_ended_early_has_its_url():
    assert LINKS.recording_url(evolve(OVER, recorded=Recorded(seconds=3.2, ended_early="the disk is full")))


def test_a_signed_url_can_be_fetched_until_it_expires():
    assert LINKS.may_fetch(SIGNED.path, SIGNED.query, MOMENT + 299)
    assert LINKS.may_fetch(SIGNED.path, SIGNED.query, MOMENT + 300) is False


def test_a_signature_is_valid_for_its_path_its_time_and_its_secret_alone():
    other = RecordingLinks(base_url=LINKS.base_url, secret=b"another")
    later = SIGNED.query.replace("Expires=1", "Expires=2")
    assert LINKS.may_fetch(SIGNED.path.replace("c1", "c2"), SIGNED.query, MOMENT) is False
    assert LINKS.may_fetch(SIGNED.path, later, MOMENT) is False
    assert other.may_fetch(SIGNED.path, SIGNED.query, MOMENT) is False


@pytest.mark.parametrize(
    "query", ["Signature=", "Signature=ü&Expires=1", "Expires=&Signature=00", "Signature=x&Expires=-1"]
)
def test_a_strange_signature_is_refused(query):
    assert LINKS.may_fetch(SIGNED.path, query, MOMENT) is False


def test_a_url_without_a_signature_is_neither_signed_nor_refused():
    assert LINKS.may_fetch(SIGNED.path, "a=b;c=d", MOMENT) is None


def test_the_secret_does_not_show():
    assert "a secret" not in repr(LINKS)
