import pytest

from exoswitch.ami.trunks import Contact, Endpoint, Registration
from exoswitch.asterisk.proof import proofs, table
from exoswitch.trunks.registry import SETTINGS, build

BSNL = build(
    SETTINGS["bsnl"](
        name="bsnl1",
        provider="bsnl",
        proxy="10.60.1.10",
        domain="ap.siptrunk.ims.bsnl.in",
        username="+914024001355",
        password="p",
        numbers=("+914024001355",),
    )
)
PRESENT = (Endpoint("bsnl1", is_reachable=True, calls=0, contacts=()),)
ANSWERS = {"bsnl1": Contact("sip:10.60.1.10", "Reachable", 0.012)}


def registered(status="Registered"):
    return (Registration("bsnl1", status, "sip:c", "sip:s"),)


def test_trunk_that_is_present_registered_and_answers_is_well():
    (proof,) = proofs((BSNL,), PRESENT, registered(), ANSWERS)
    assert proof.is_good
    assert table((proof,)) == (
        "trunk  endpoint  registration  OPTIONS\nbsnl1  present   registered    answered in 12 ms"
    )


@pytest.mark.parametrize(
    ("endpoints", "registrations", "contacts", "told"),
    [
        ((), registered(), ANSWERS, "MISSING"),
        (PRESENT, registered("Rejected"), ANSWERS, "REJECTED"),
        (PRESENT, (), ANSWERS, "MISSING"),
        (PRESENT, registered(), {}, "NO ANSWER"),
        (PRESENT, registered(), {"bsnl1": Contact("sip:10.60.1.10", "Unreachable", None)}, "NO ANSWER"),
    ],
)
def test_trunk_that_lacks_something_is_not_well(endpoints, registrations, contacts, told):
    (proof,) = proofs((BSNL,), endpoints, registrations, contacts)
    assert not proof.is_good
    assert told in table((proof,))


def test_trunk_that_neither_registers_nor_is_asked_needs_its_endpoint_only():
    static = build(SETTINGS["sip"](name="sbc", provider="sip", host="10.9.0.1", options=None))
    (proof,) = proofs((static,), (Endpoint("sbc", is_reachable=True, calls=0, contacts=()),), (), {})
    assert proof.is_good
    assert table((proof,)).splitlines()[1] == "sbc    present   not needed    not asked"
