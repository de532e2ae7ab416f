"""Callers who write AMI, at a real Asterisk with our client listening: no other call ends, moves or hears of them.

A gateway with the rendered filters hears of no event that a caller has cut in two. A second one logs in as a user
whom Asterisk refuses filters, so every event reaches it as Asterisk writes it, also those from before the dialplan
cleans them.
"""

from random import Random

import pytest
from twisted.internet.task import deferLater

from exoswitch.ami.link import AmiLink
from exoswitch.call.events import CallArrived, ChannelHungUp, DigitPressed, MediaAnnounced
from tests.contract.switch_stage import CALLER, Stage
from tests.e2e.test_switch import RealTelephones
from tests.harness.e2e.raw_invite import caller_at_the_trunk, in_user_part
from tests.security.fuzz_ami import check_texts

pytestmark = pytest.mark.e2e

MADE_UP = 8  # random texts, beside those that are known to have worked
PACE_S = 0.05


@pytest.fixture
def stage(asterisk, ami, sipp, phone, reactor, serve):
    yield serve(Stage(reactor, RealTelephones(asterisk, sipp, phone)))
    ami.wait_until_idle()


def hostile_texts(channel_id: str, leg: str) -> list[bytes]:
    """Give texts that end, move or press a key in the call of this channel; and made-up ones of the same parts."""
    hang_up = f"Event: Hangup\r\nUniqueid: {channel_id}\r\nCause: 16\r\n"
    var_set = f"Event: VarSet\r\nChannel: {leg}\r\nUniqueid: 1\r\nLinkedid: {channel_id}\r\n"
    halves = [
        f"{var_set}Variable: UNICASTRTP_LOCAL_{n}\r\nValue: {v}\r\n" for n, v in (("ADDRESS", "::1"), ("PORT", "9"))
    ]
    digit = f"Event: DTMFEnd\r\nChannel: P\r\nUniqueid: {channel_id}\r\nDirection: Received\r\nDigit: 5\r\n"
    known = [
        f"1\r\n\r\n{hang_up}\r\n",
        f"1\r\n\r\n{hang_up}\r\nEvent: Newexten\r\nX: ",
        f"1\r\nUniqueid: {channel_id}\r\nLinkedid: {channel_id}",
        "1\r\n\r\n" + "\r\n".join(halves) + "\r\n",
        "1\nagi_callerid: 666\nagi_dnid: 777",
    ]
    rng, parts = (
        Random(7),
        [hang_up, *halves, digit, "\r\n", "\r\n\r\n", "\n", "\r", "1", "\u2028", "\u0085", "\v", ": "],
    )
    made_up = ["1" + "".join(rng.choices(parts, k=rng.randint(1, 8))) for _ in range(MADE_UP)]
    return [text.encode() for text in known + made_up] + [b"1\xff\xfe"]


async def a_call_is_up(stage, gateway):
    """Let somebody talk to this gateway; give the channel."""
    stage.phones.call_in()
    channel_id = (await gateway.hear(CallArrived)).channel_id
    await gateway.bridge(channel_id)
    await gateway.hear(MediaAnnounced)
    await gateway.hears_the_phone()
    return channel_id


@pytest.fixture
def disbelieved(monkeypatch):
    """Give the reasons for which each gateway disbelieves messages."""
    reasons = {}
    count = AmiLink.disbelieve

    def note(link, reason):
        reasons.setdefault(link, set()).add(reason)
        count(link, reason)

    monkeypatch.setattr(AmiLink, "disbelieve", note)
    return reasons


async def test_no_text_of_a_caller_touches_another_call(asterisk, ami, stage, disbelieved):
    gateway = await stage.gateway()
    bare = await stage.gateway("gw2", stage.phones.reporter)
    victim = await a_call_is_up(stage, gateway)
    leg = next(each["Channel"] for each in ami.channels() if each["Channel"].startswith("UnicastRTP/"))
    announced = gateway.of(MediaAnnounced)
    with caller_at_the_trunk(asterisk.sip_port) as caller:
        for text in hostile_texts(victim, leg):
            user = in_user_part(text)
            for gives_up in (False, True):
                caller.invite(user, gives_up=gives_up)
                caller.invite(b"123", dialled=b"+91" + user, gives_up=gives_up)
                caller.invite(b"123", name=text, gives_up=gives_up)
                await deferLater(stage.reactor, PACE_S)

    def arrived():
        return [event for event in gateway.of(CallArrived) if event.channel_id != victim]

    await gateway.until(lambda: len(arrived()) >= 3 * MADE_UP)
    await gateway.hears_the_phone()
    for each in (gateway, bare):
        assert not [event for event in each.of(ChannelHungUp) if event.channel_id == victim]
        assert {event.host for event in each.of(MediaAnnounced)} == {announced[0].host}
        assert {event.port for event in each.of(MediaAnnounced)} == {announced[0].port}
        check_texts(each.told)
    assert not gateway.of(DigitPressed)
    # Asterisk's filter keeps every event that is cut in two. One to which a header is added is refused.
    assert disbelieved.get(gateway.switch, set()) <= {"a header is repeated"}
    assert len(disbelieved[bare.switch]) > 1
    assert {event.caller for event in arrived() if event.caller.startswith("666")} == set()
    gateway.switch.hang_up(victim, 16)
    for each in (gateway, bare):
        await each.until(lambda each=each: [e for e in each.of(ChannelHungUp) if e.channel_id == victim])


async def test_number_is_cut_at_its_user_part_parameters(asterisk, stage):
    gateway = await stage.gateway()
    with caller_at_the_trunk(asterisk.sip_port) as caller:
        caller.invite(
            CALLER.encode() + b";phone-context=+91", dialled=b"+918047491899;npdi=yes;rn=+9111", gives_up=False
        )
        arrival = await gateway.hear(CallArrived)
    assert (arrival.caller, arrival.callee) == (CALLER, "+918047491899")
    gateway.switch.hang_up(arrival.channel_id, 21)
    await gateway.hear(ChannelHungUp)
