"""What every SIP trunk makes of its settings."""

import pytest

from exoswitch.errors import InvalidValue
from exoswitch.interfaces.trunk import SignallingPeer
from exoswitch.trunks.sip import SipSettings
from exoswitch.trunks.sip_trunk import SipTrunk

CUSTOMER = "+919812345610"
EXOPHONE = "+914024001350"


def trunk(**changes):
    return SipTrunk(SipSettings(**{"name": "lab", "provider": "sip", "host": "10.9.0.1", **changes}))


def sections(**changes):
    """Give the settings of each section, by its type."""
    found = {}
    for text in trunk(**changes).pjsip().split("[lab]\n")[1:]:
        lines = [line.partition(" = ")[::2] for line in text.strip().splitlines()]
        found[dict(lines)["type"]] = lines
    return {kind: dict(lines) for kind, lines in found.items()}


# --- Numbers


@pytest.mark.parametrize(
    ("shape", "indian", "foreign"),
    [
        ("e164", "+919812345610", "+14155550100"),
        ("e164-plain", "919812345610", "14155550100"),
        ("national-0", "09812345610", "0014155550100"),
        ("national", "9812345610", "0014155550100"),
    ],
)
def test_each_direction_has_its_own_form_of_numbers(shape, indian, foreign):
    assert trunk(number=shape).dial(CUSTOMER, EXOPHONE).channel == f"PJSIP/{indian}@lab"
    assert trunk(number=shape).dial("+14155550100", EXOPHONE).channel == f"PJSIP/{foreign}@lab"
    assert trunk(number=shape).dial(CUSTOMER, EXOPHONE).caller_id == EXOPHONE
    assert trunk(caller_id=shape).dial(EXOPHONE, CUSTOMER).caller_id == indian


def test_prefix_stands_before_the_called_number_only():
    dialling = trunk(number="national", prefix="5677777").dial(CUSTOMER, EXOPHONE)
    assert (dialling.channel, dialling.caller_id) == ("PJSIP/56777779812345610@lab", EXOPHONE)


def test_call_shows_the_exophone_if_the_trunk_has_it_and_else_its_first_number():
    numbers = (EXOPHONE, "+914024001351")
    assert trunk(numbers=numbers).shown("+914024001351") == "+914024001351"
    assert trunk(numbers=numbers).shown("+918047491899") == EXOPHONE
    assert trunk().shown("+918047491899") == "+918047491899"
    assert trunk(numbers=numbers).dial(CUSTOMER, "+918047491899").caller_id == EXOPHONE


def test_number_that_no_phone_can_have_is_refused_with_the_remedy():
    with pytest.raises(InvalidValue, match=r"ten digits after \+91"):
        trunk().dial("+7411179773", EXOPHONE)


def test_sip_phone_at_the_trunks_host_is_dialled_by_its_user():
    dialling = trunk(prefix="99").dial("sip:agent.1@10.9.0.1", EXOPHONE)
    assert (dialling.channel, dialling.caller_id) == ("PJSIP/agent.1@lab", EXOPHONE)
    assert trunk(domain="ims.example.org").dial("sip:a@IMS.example.org", EXOPHONE).channel == "PJSIP/a@lab"


@pytest.mark.parametrize(
    "address", ["sip:agent@192.0.2.1", "sip:a&b@10.9.0.1", "sip:@10.9.0.1", "sip:a/x@10.9.0.1", "sip:a"]
)
def test_sip_phone_at_another_host_or_with_another_user_is_not_dialled(address):
    with pytest.raises(InvalidValue, match="no trunk leads to the host of this SIP address"):
        trunk().dial(address, EXOPHONE)


def test_numbers_are_not_in_the_repr():
    assert "9812345610" not in repr(trunk().dial(CUSTOMER, EXOPHONE))


# --- Headers


def test_p_preferred_identity_is_a_variable_of_the_call_with_the_shown_number():
    settings = {"identity": "ppi", "domain": "ims.example.org", "user_phone": True, "numbers": (EXOPHONE,)}
    assert trunk(**settings).dial(CUSTOMER, CUSTOMER).variables == (
        ("PJSIP_HEADER(add,P-Preferred-Identity)", f"<sip:{EXOPHONE}@ims.example.org;user=phone>"),
    )


@pytest.mark.parametrize(("settings", "host"), [({}, "10.9.0.1"), ({"identity_host": "10.9.0.7"}, "10.9.0.7")])
def test_host_of_p_preferred_identity_is_the_one_of_the_settings(settings, host):
    ((_, value),) = trunk(identity="ppi", **settings).dial(CUSTOMER, EXOPHONE).variables
    assert value == f"<sip:{EXOPHONE}@{host}>"


def test_p_asserted_identity_with_a_host_of_its_own_is_a_variable_and_not_asterisks_option():
    settings = {"identity": "pai", "identity_host": "10.9.0.7"}
    ((name, _),) = trunk(**settings).dial(CUSTOMER, EXOPHONE).variables
    assert name == "PJSIP_HEADER(add,P-Asserted-Identity)"
    assert "send_pai" not in sections(**settings)["endpoint"]


@pytest.mark.parametrize(("identity", "option"), [("pai", "send_pai"), ("rpid", "send_rpid"), ("none", None)])
def test_one_identity_at_most_is_sent(identity, option):
    endpoint = sections(identity=identity)["endpoint"]
    assert {key for key in ("send_pai", "send_rpid") if key in endpoint} == {option} - {None}
    assert trunk(identity=identity).dial(CUSTOMER, EXOPHONE).variables == ()


def test_extra_headers_are_variables_of_the_call():
    variables = trunk(headers={"X-Trunk-Group": "a1"}).dial(CUSTOMER, EXOPHONE).variables
    assert variables == (("PJSIP_HEADER(add,X-Trunk-Group)", "a1"),)


# --- Where messages go


def test_peer_without_more_keys_is_known_by_its_address():
    found = sections(port=5070)
    assert set(found) == {"endpoint", "aor", "identify"}
    assert found["aor"]["contact"] == "sip:10.9.0.1:5070"
    assert found["identify"]["match"] == "10.9.0.1"
    assert trunk(port=5070).signalling == SignallingPeer("udp", "10.9.0.1", 5070)


def test_all_messages_go_to_the_proxy_and_their_request_uri_has_the_domain_alone():
    found = sections(host="ims.example.org", proxy="10.9.0.9:5070", register=True, username="u", password="p")
    for kind in ("endpoint", "aor", "registration"):
        assert found[kind]["outbound_proxy"] == "sip:10.9.0.9:5070\\;lr"
    assert found["aor"]["contact"] == "sip:ims.example.org"
    assert found["registration"]["server_uri"] == "sip:ims.example.org"
    assert found["identify"]["match"] == "10.9.0.9"


def test_proxy_may_be_another_port_of_the_same_host():
    assert sections(proxy="10.9.0.1:5070")["aor"]["outbound_proxy"] == "sip:10.9.0.1:5070\\;lr"
    assert "outbound_proxy" not in sections(proxy="10.9.0.1:5060")["aor"]


def test_proxy_over_another_transport_is_named_with_it():
    found = sections(host="ims.example.org", proxy="10.9.0.9", transport="tls")
    assert found["aor"]["outbound_proxy"] == "sip:10.9.0.9:5061\\;transport=tls\\;lr"
    assert found["aor"]["contact"] == "sip:ims.example.org\\;transport=tls"


def test_ipv6_host_is_in_brackets_in_the_contact_only():
    found = sections(host="2001:db8::1")
    assert found["aor"]["contact"] == "sip:[2001:db8::1]:5060"
    assert found["identify"]["match"] == "2001:db8::1"


def test_calls_may_come_from_several_networks():
    text = trunk(sources=("10.65.1.0/24", "10.65.3.1")).pjsip()
    assert "match = 10.65.1.0/24\nmatch = 10.65.3.1\n" in text
    assert "match = 10.9.0.1" not in text


@pytest.mark.parametrize(("changes", "asked"), [({}, "30"), ({"options": None}, "0")])
def test_trunk_that_answers_no_options_is_not_asked(changes, asked):
    assert sections(**changes)["aor"]["qualify_frequency"] == asked
    assert trunk(**changes).asks_options == (asked != "0")


# --- Registration and login


def test_registration_survives_a_stale_nonce_a_403_and_an_outage():
    registration = sections(register=True, username="u", password="p")["registration"]
    assert registration["auth_rejection_permanent"] == "no"
    assert registration["forbidden_retry_interval"] == registration["fatal_retry_interval"] == "30"
    assert registration["retry_interval"] == "10"
    assert (registration["line"], registration["endpoint"]) == ("yes", "lab")


def test_login_of_the_digest_may_differ_from_the_registered_user():
    settings = {"register": True, "domain": "d.example", "username": "+914024001355", "password": "p;1"}
    found = sections(**settings, auth_username="a@b.example", realm="other realm")
    assert found["registration"]["client_uri"] == "sip:+914024001355@d.example"
    assert found["auth"]["username"] == "a@b.example"
    assert found["auth"]["password"] == "p\\;1"
    assert found["auth"]["realm"] == "other realm"
    assert "realm" not in sections(**settings)["auth"]


def test_registration_without_a_password_has_no_login():
    found = sections(register=True, username="u")
    assert "auth" not in found
    assert "outbound_auth" not in found["registration"]


@pytest.mark.parametrize(
    ("changes", "user"),
    [
        ({}, None),
        ({"register": True, "username": "alice"}, "alice"),
        ({"register": True, "username": "alice", "numbers": (EXOPHONE,), "caller_id": "national-0"}, "04024001350"),
        ({"register": True, "username": "04047491899", "numbers": (EXOPHONE,)}, "04047491899"),
    ],
)
def test_own_address_has_the_registered_number_or_the_default_one(changes, user):
    assert sections(**changes)["endpoint"].get("contact_user") == user


# --- Audio


def test_audio_is_encrypted_with_srtp_and_never_falls_back():
    endpoint = sections(transport="tls", srtp=True)["endpoint"]
    assert endpoint["media_encryption"] == "sdes"
    assert "media_encryption_optimistic" not in endpoint
    assert sections()["endpoint"]["media_encryption"] == "no"


def test_codecs_keep_their_order():
    assert sections(codecs=("gsm", "alaw"))["endpoint"]["allow"] == "gsm,alaw"
