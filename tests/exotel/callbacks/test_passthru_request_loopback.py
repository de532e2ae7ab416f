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
from tests.harness.receivers import OK, Receiver, reply
from tests.harness.sessions import SESSION
from tests.harness.sim_live import run

pytestmark = pytest.mark.loopback


def about(url, timeout_s=30.0):
    """Give a session whose stream has ended, and whose app has a passthru at this URL."""
    return evolve(
        SESSION,
        bot=BotTarget(url="ws://bot.example.org/ws", app="1001", passthru=Passthru(url=url, timeout_s=timeout_s)),
        status=CallStatus.IN_PROGRESS,
        answered_at=SESSION.created_at,
        flow=Flow(ended=endings.bot_closed(1000, "bye"), ended_s=12.0),
    )


def asking(answer, work, *, is_configured=True, target="/ask"):
    """Run `work(passthrus, url)` with a receiver that answers so; give its requests."""
    requests = []

    async def live(reactor):
        receiver = Receiver(reactor, answer)
        url = receiver.url(target)
        reach = ReachRules(urls={SESSION.account: frozenset([url] if is_configured else [])})
        outgoing = Outgoing(reactor, names=ReactorNames(reactor), reach=lambda: reach)
        try:
            await work(PassthruRequests(outgoing, time.time, lambda _session: ""), url)
        finally:
            requests.extend(receiver.requests)
            await receiver.stop()

    run(live)
    return requests


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
def test_any_status_is_an_answer_and_no_redirect_is_followed(status):
    async def work(passthrus, url):
        assert await passthrus.ask(about(url)) == status

    def answer(request):
        return reply(status, b"", f"Location: http://{request.headers['host']}/elsewhere")

    (request,) = asking(answer, work, target="/ask?key=a%2fb;c&x=")
    assert request.method == "GET"
    assert request.target.startswith("/ask?key=a%2fb;c&x=&CallSid=c1&CallFrom=08047491899&CallTo=09812345610&")
    assert "&Stream%5BStatus%5D=completed&" in request.target


def test_a_receiver_that_does_not_answer_is_given_up():
    async def work(passthrus, url):
        with pytest.raises(BackendUnavailable, match=r"did not answer within 1 s"):
            await passthrus.ask(about(url, timeout_s=1.0))

    assert len(asking(lambda _: None, work)) == 1


def test_a_url_that_the_operator_has_not_written_leads_to_no_private_address():
    async def work(passthrus, url):
        with pytest.raises(AddressRefused):
            await passthrus.ask(about(url))

    assert asking(lambda _: OK, work, is_configured=False) == []


def test_a_stop_gives_up_what_has_no_answer():
    async def work(passthrus, url):
        asked = passthrus.ask(about(url))
        passthrus.stopService()
        with pytest.raises((CancelledError, BackendUnavailable)):
            await asked

    asking(lambda _: None, work)
