"""Trunks over TLS and TCP: SRTP both ways, the form that Exotel wants, and a route that Contact contradicts."""

import pytest

from tests.harness.carrier.behaviours import answers
from tests.harness.carrier.lab import ACCOUNT_SID, EDGE, EXOTEL_NUMBER
from tests.harness.carrier.message import host_of, user_of
from tests.harness.carrier.secure_phone import SecurePhone
from tests.harness.e2e.audio import assert_hears_tone, tone

pytestmark = pytest.mark.e2e

CALLER_HZ, BOT_HZ, DBM0 = 700, 1100, -10.0


@pytest.mark.parametrize("name", ["secure", "exotel"])
def test_audio_passes_encrypted_both_ways(gateway, pairs, bot, carrier, name):
    pair = pairs[name]
    pair.first.behaviour = answers()
    number = pair.number()
    with SecurePhone(pair.first.host) as phone:
        phone.play_nothing()
        pair.first.phone = phone
        call_sid = gateway.place(f"0{number[-10:]}", bot.url)
        stream = bot.stream_of(call_sid)
        phone.play_tone(CALLER_HZ, DBM0)
        assert_hears_tone(stream.listen, CALLER_HZ, DBM0)
        stream.say(tone(BOT_HZ, DBM0, 20.0))
        stream.close()
        gateway.wait_for_end(call_sid)
        pair.first.phone = None
    assert phone.packets
    assert phone.refused == 0
    assert carrier.records.tried(number) == [pair.first.name]
    (offer,) = [call.offer for call in pair.first.calls if call.number == number]
    assert offer.profile == "RTP/SAVP"
    assert {seen.transport for seen in carrier.records.dials(trunk=pair.first.name)} == {"tls"}


def test_exotel_gets_its_own_domain_and_e164(gateway, pairs, bot, carrier):
    pair = pairs["exotel"]
    pair.first.behaviour = answers(talk_s=0.2)
    number = pair.number()
    assert gateway.wait_for_end(gateway.place(f"0{number[-10:]}", bot.url))["Status"] == "completed"
    invite = next(seen.message for seen in carrier.records.dials() if number in seen.message.uri)
    assert (user_of(invite.uri), host_of(invite.uri)) == (number, EDGE)
    assert (user_of(invite["From"]), host_of(invite["From"])) == (EXOTEL_NUMBER, f"{ACCOUNT_SID}.pstn.exotel.com")


def test_ack_and_bye_take_the_recorded_route_though_contact_says_tls(gateway, pairs, bot, carrier):
    pair = pairs["routed"]
    here = f"{pair.first.host}:{pair.first.port}"
    pair.first.behaviour = answers(
        contact=f"<sip:exotel@{pair.first.host}:{pair.first.port + 1};transport=tls>",
        record_route=f"<sip:{here};transport=tcp;lr>",
    )
    number = pair.number()
    call_sid = gateway.place(f"0{number[-10:]}", bot.url)
    bot.stream_of(call_sid).close()
    gateway.wait_for_end(call_sid)
    for method in ("ACK", "BYE"):
        carrier.wait_until(lambda m=method: carrier.records.requests(m, trunk=pair.first.name), f"no {method} came")
        (seen,) = carrier.records.requests(method, trunk=pair.first.name)
        assert seen.transport == "tcp"
        assert "transport=tls" in seen.message.uri
        assert here in seen.message["Route"]
