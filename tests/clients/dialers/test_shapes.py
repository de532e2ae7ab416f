"""Whatever becomes of two phones, strict decoders read the record, the row in a list and the callbacks."""

import pytest
from attrs import evolve

from exoswitch.call.status_callback import StatusCallback
from exoswitch.exotel.callbacks.documents import document
from exoswitch.exotel.rest.representations import View, call_record, call_row
from tests.gateway.test_two_phones import REQUEST, RINGS, Phones
from tests.harness.dialers.decoder import decode
from tests.harness.dialers.shapes import (
    MODLIX_CALLBACK,
    MODLIX_DETAILS,
    NAMMA_YATRI_CALL,
    NAMMA_YATRI_CALLBACK,
    WAREONGO_PAGE,
)

CALLBACK = StatusCallback(url="https://dialer.example.org/", events=("answered", "terminal"), content="json")


@pytest.fixture(
    params=[
        (RINGS, RINGS),
        ("busy", RINGS),
        (RINGS, "busy"),
        ("no-answer", RINGS),
        (RINGS, "no-answer"),
        (RINGS, "dead"),
        ("answer-after=15", RINGS),
    ],
    ids=lambda scripts: " and ".join(script.split(" ")[0] for script in scripts),
)
def ended(request, monkeypatch):
    """Give the session of a call whose phones follow two scripts; both are hung up after ten seconds."""
    house = Phones(monkeypatch, *request.param)

    def hang_up():
        for call in house.calls():
            call.hang_up()

    return house.connected(hang_up, request=evolve(REQUEST, callback=CALLBACK, custom_field='{"order":7}'))


def test_record_and_row_are_read(ended):
    decode(call_record(ended), NAMMA_YATRI_CALL)
    decode(call_record(ended, View(details=True)), MODLIX_DETAILS)
    decode({"Metadata": {"NextPageUri": None}, "Calls": [call_row(ended, View())]}, WAREONGO_PAGE)


def test_callback_is_read(ended):
    told = document(ended, "terminal")
    decode(told, NAMMA_YATRI_CALLBACK)
    decode(told, MODLIX_CALLBACK)
