"""A passthru is asked over a real connection: the query arrives as it was written, and any status is an answer."""

import time

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError

from exoswitch.call import endings
from exoswitch.call.passthru import Passthru
from exoswitch.call.session import BotTarget, CallStatus, Flow
from exoswitch.errors import AddressRefused, BackendUnavailable
from exoswitch.exotel.callbacks.outgoing import Outgoing
from exoswitch.exotel.callbacks.passthru_request import PassthruRequests
from exoswitch.network.reach import ReachRules
from exoswitch.network.reactor_names import ReactorNames
from tests.harness.receivers import Receiver, reply
from tests.harness.sessions import SESSION
from tests.harness.sim_live import run

pytestmark = pytest.mark.loopback


def about(url, timeout_s=5.0):
    """Give a session whose stream has ended, and whose app has a passthru at this URL."""
    return evolve(
        SESSION,
        bot=BotTarget(url="ws://bot.example.org/ws", app="1001", passthru=Passthru(url=url, timeout_s=timeout_s)),
        status=CallStatus.IN_PROGRESS,
        answered_at=SESSION.created_at,
        flow=Flow(ended=endings.bot_closed(1000, "bye"), ended_s=12.0),
    )


def passthrus(reactor, *configured):
    reach = ReachRules(urls={SESSION.account: frozenset(configured)})
    return PassthruRequests(Outgoing(reactor, names=ReactorNames(reactor), reach=lambda: reach), time.time)


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
def test_any_status_is_an_answer_and_no_redirect_is_followed(status):
    async def scenario(reactor):
        other = Receiver(reactor)
        receiver = Receiver(reactor, lambda _: reply(status, b"", f"Location: {other.url()}"))
        url = receiver.url("/ask?key=a%2fb;c&x=")
        told = await passthrus(reactor, url).ask(about(url))
        await receiver.stop()
        await other.stop()
        return told, receiver.requests, other.requests

    told, (request,), elsewhere = run(scenario)
    assert (told, elsewhere) == (status, [])
    assert request.method == "GET"
    assert request.target.startswith("/ask?key=a%2fb;c&x=&CallSid=c1&CallFrom=08047491899&CallTo=09812345610&")
    assert "&Stream%5BStatus%5D=completed&" in request.target


def test_credentials_of_the_url_become_a_header():
    async def scenario(reactor):
        receiver = Receiver(reactor)
        url = receiver.url("/ask").replace("//", "//user:pa55@")
        await passthrus(reactor, url).ask(about(url))
        await receiver.stop()
        return receiver.requests

    (request,) = run(scenario)
    assert request.headers["authorization"] == "Basic dXNlcjpwYTU1"


def test_a_receiver_that_does_not_answer_is_given_up():
    async def scenario(reactor):
        receiver = Receiver(reactor, lambda _: None)
        url = receiver.url()
        with pytest.raises(BackendUnavailable, match=r"did not answer within 0\.3 s"):
            await passthrus(reactor, url).ask(about(url, timeout_s=0.3))
        await receiver.stop()

    run(scenario)


def test_a_url_that_the_operator_has_not_written_leads_to_no_private_address():
    async def scenario(reactor):
        receiver = Receiver(reactor)
        with pytest.raises(AddressRefused):
            await passthrus(reactor).ask(about(receiver.url()))
        await receiver.stop()
        return receiver.requests

    assert run(scenario) == []


def test_a_stop_gives_up_what_has_no_answer():
    async def scenario(reactor):
        receiver = Receiver(reactor, lambda _: None)
        asking = passthrus(reactor, receiver.url())
        asked = asking.ask(about(receiver.url()))
        await receiver.asked.next()
        asking.stopService()
        with pytest.raises((CancelledError, BackendUnavailable)):
            await asked
        await receiver.stop()

    run(scenario)
