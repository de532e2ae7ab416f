"""Bots of a fleet hand callers over to people at once; a gateway loses its link to Asterisk, or dies, meanwhile.

Each gateway reaches Asterisk through a relay, so that a test decides what it hears, and when.
"""

import json
from contextlib import ExitStack

import pytest

from tests.harness import leftovers
from tests.harness.e2e.ami_relay import AmiRelay
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.dialer import Dialer
from tests.harness.e2e.lab_phones import LabPhones
from tests.harness.e2e.pair import EXOPHONE, Pair
from tests.harness.fleet.fleet import eventually
from tests.harness.fleet.gateway import ACCOUNT
from tests.harness.fleet.lone import ask_callbacks
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.e2e, needs_redis(), pytest.mark.usefixtures("nothing_left")]

CALLER, PERSON, FIRST = "+919812345678", "+919812345611", "09812345622"
CONNECT = f"/v1/Accounts/{ACCOUNT}/Calls/connect.json"
RING_S = 1  # shorter than what a test listens to
FLOW = f"http://my.exotel.com/{ACCOUNT}/exoml/start_voice/1"


@pytest.fixture(scope="module")
def dialer():
    with Dialer({"/next": 302}) as running:
        yield running


@pytest.fixture(scope="module")
def phones(asterisk):
    with LabPhones(asterisk) as running:
        yield running


@pytest.fixture(scope="module")
def relays(asterisk):
    with ExitStack() as stack:
        address = asterisk.ami_host, asterisk.ami_port
        yield {name: stack.enter_context(AmiRelay(address)) for name in ("gw1", "gw2")}


@pytest.fixture(scope="module")
def pair(asterisk, postgres, bot_port, dialer, relays, tmp_path_factory):
    passthru = {"url": dialer.url("/next"), "on_302": f"number:{PERSON}"}
    app = {"account": ACCOUNT, "url": f"ws://127.0.0.1:{bot_port}/", "passthru": passthru}
    settings = {"apps": {"1": app}, "calls": {"ring_s": RING_S}}
    amis = {name: relay.endpoint for name, relay in relays.items()}
    with Pair(tmp_path_factory.mktemp("handovers"), asterisk, postgres, bot_port, settings, amis) as running:
        yield running


@pytest.fixture
def bot(bot_port):
    with Bot(port=bot_port) as the_bot:
        yield the_bot


@pytest.fixture(autouse=True)
def line_up(phones, relays, dialer, phone):
    phones.begin(phone)
    yield
    dialer.answer()
    for relay in relays.values():
        relay.release()


@pytest.fixture(autouse=True)
def nothing_left_open(relays):
    """Fail a test that leaves a socket behind; a gateway may have connected to its relay again."""
    before = leftovers.begin()
    yield
    eventually(lambda: not _left(before, relays), lambda: f"left behind: {_left(before, relays)}")


def _left(before, relays):
    relayed = set().union(*(relay.connections() for relay in relays.values()))
    return [one for one in leftovers.since(before) if one not in relayed]


def hand_over(bot):
    """Let the bot hand its caller over as soon as it knows of the call."""
    stream = bot.wait_for_stream()
    stream.wait_for("start")
    stream.close()


def end(pair, phones, call, *, at):
    """Hang up a call whose two lines are on this gateway, and wait until all of it has ended well."""
    places = pair.counts.places()
    assert [place.holder for place in places] == [at, at]
    phones.hang_up(call)
    eventually(lambda: not pair.records.live(), pair.records.live)
    assert {pair.records.status(place.call_sid) for place in places} == {"completed"}


def test_gateway_that_hears_late_of_a_call_takes_no_caller_who_talks_to_a_person(pair, relays, phones, bot, ami):
    late = relays["gw2"]
    late.hold()
    call = phones.call_in(EXOPHONE, CALLER)
    hand_over(bot)
    phones.wait_until_answered(PERSON)
    eventually(lambda: not [one for one in ami.channels() if one["Channel"].startswith("UnicastRTP/")])
    late.release()
    channel = f"Channel: {ami.wait_for('AsyncAGIStart')['Uniqueid']}"
    eventually(lambda: late.has_asked("Action: Getvar", channel, "Variable: CHANNEL(appname)"))
    phones.assert_hear_each_other()
    end(pair, phones, call, at="gw1")
    assert not any(late.has_asked(f"Action: {action}", channel) for action in ("AGI", "Setvar", "Redirect", "Hangup"))


def test_bot_hands_a_person_who_was_dialled_over_to_another_one_at_once(pair, phones, bot):
    form = {"From": FIRST, "CallerId": EXOPHONE, "Url": FLOW}
    assert pair.first.request(CONNECT, form).status == 200
    hand_over(bot)
    phones.wait_until_answered(PERSON)
    phones.assert_hear_each_other()
    end(pair, phones, phones.of(PERSON), at="gw1")
    phones.of(FIRST)


def test_phone_that_is_answered_while_the_link_is_down_is_not_hung_up_when_it_is_up_again(pair, relays, phones, bot):
    phones.let_ring(PERSON)
    call = phones.call_in(EXOPHONE, CALLER)
    hand_over(bot)
    phones.of(PERSON)
    relays["gw1"].cut()
    phones.answer()
    phones.assert_hear_each_other()  # for longer than RING_S
    relays["gw1"].release()
    eventually(lambda: len(pair.records.of_status("in-progress")) == 2, pair.records.by_status)
    phones.assert_hears(1)
    assert not call.is_over
    end(pair, phones, call, at="gw1")


def test_gateway_that_takes_a_caller_over_from_a_dead_one_asks_where_the_call_goes(pair, phones, bot, dialer):
    dialer.hold()
    before = len(dialer.requests)
    phones.call_in(EXOPHONE, CALLER)
    hand_over(bot)
    eventually(lambda: len(dialer.requests) == before + 1)
    eventually(lambda: pair.records.without_stream() & pair.records.live())  # what a survivor knows of the call
    pair.wait_until_settled()
    pair.first.kill()
    eventually(lambda: len(dialer.requests) == before + 2)
    dialer.answer()
    phones.wait_until_answered(PERSON)
    phones.assert_hear_each_other()
    assert len(bot.streams) == 1
    end(pair, phones, phones.of(PERSON), at="gw2")


def test_call_whose_gateway_dies_before_asterisk_has_its_originate_has_failed_and_its_dialer_is_told(
    pair, relays, phones, bot, dialer
):
    pair.wait_until_settled()
    relays["gw1"].hold()
    asked = {"StatusCallback": dialer.url("/told"), **ask_callbacks("terminal")}
    call_sid = pair.first.place(FIRST, bot.url, **asked).call_sid
    eventually(lambda: relays["gw1"].has_asked("Action: Originate", f"ChannelId: {call_sid}"))
    pair.first.kill()
    relays["gw1"].cut()
    eventually(lambda: dialer.of("/told"))
    (told,) = [json.loads(body) for body in dialer.of("/told")]
    assert (told["CallSid"], told["EventType"], told["Status"]) == (call_sid, "terminal", "failed")
    assert pair.second.show(call_sid).body["Call"]["Status"] == "failed"
    assert phones.calls(FIRST) == bot.streams == []


def test_phone_that_rings_when_its_gateway_dies_without_an_answer_of_asterisk_is_dialled_once(
    pair, relays, phones, bot
):
    pair.wait_until_settled()
    phones.let_ring(FIRST)
    relays["gw1"].hold(answers_only=True)
    call_sid = pair.first.place(FIRST, bot.url).call_sid
    ringing = phones.of(FIRST)
    pair.first.kill()
    relays["gw1"].cut()
    eventually(lambda: relays["gw2"].has_asked("Action: Setvar", f"Channel: {call_sid}"))
    phones.answer()
    assert bot.stream_of(call_sid).wait_for("start").body["start"]["call_sid"] == call_sid
    phones.hang_up(ringing)
    eventually(lambda: pair.records.status(call_sid) == "completed", pair.records.by_status)
    assert phones.of(FIRST) is ringing
    assert phones.carrier.records.requests("CANCEL") == []
