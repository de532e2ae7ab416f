import pytest
from attrs import define, evolve, field
from twisted.internet.defer import fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.passthru import Passthru
from exoswitch.call.session import BotTarget, DisconnectedBy, Flow, StreamStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import AddressRefused, BackendUnavailable
from exoswitch.exotel.callbacks.outgoing import Reply
from exoswitch.exotel.callbacks.status_callbacks import StatusCallbacks, retry_after_s
from exoswitch.outbox.callbacks import callbacks_of
from exoswitch.outbox.delivery import Leased, Result
from exoswitch.sessions.document import to_text
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

result = SynchronousTestCase()
URL = "https://crm.example.org/told?key=hunter2"
ENDED = evolve(SESSION.ended(HUNG_UP, MOMENT + 9), callback=StatusCallback(url=URL, content="json"))


def leased(session=ENDED, document=None):
    return Leased(
        call_sid="c1",
        position=9,
        event="terminal",
        leg=1,
        account="acme1",
        receiver="acme1 crm.example.org:443",
        attempts=0,
        age_s=0.0,
        document=to_text(session) if document is None else document,
    )


@define
class Server:
    """What `Outgoing` is for these tests."""

    answer: object = field(factory=lambda: succeed(Reply(200, {})))
    sent: list = field(factory=list)

    def send(self, method, url, **request):
        self.sent.append((method, url, request))
        return self.answer

    def deliver(self, one, keys=()):
        callbacks = StatusCallbacks(self, lambda _account: keys, lambda: MOMENT)
        return result.successResultOf(callbacks.deliver(one))


def test_callback_is_posted_for_its_account_within_15_seconds():
    server = Server()
    assert server.deliver(leased(), keys=[b"k" * 32]).result is Result.DELIVERED
    ((method, url, request),) = server.sent
    assert (method, url, request["account"], request["timeout_s"]) == ("POST", URL, "acme1", 15.0)
    assert request["body"].startswith(b'{"CallSid":"c1",')
    assert request["headers"]["Content-Type"] == "application/json"
    assert request["headers"]["webhook-id"] == "c1-terminal-1"
    assert request["headers"]["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, Result.DELIVERED),
        (299, Result.DELIVERED),
        (302, Result.REFUSED),
        (404, Result.REFUSED),
        (408, Result.FAILED),
        (429, Result.FAILED),
        (500, Result.FAILED),
        (503, Result.FAILED),
    ],
)
def test_only_a_2xx_is_a_delivery(status, outcome):
    attempt = Server(succeed(Reply(status, {"retry-after": "7"}))).deliver(leased())
    assert attempt.result is outcome
    if outcome is not Result.DELIVERED:
        assert (attempt.why, attempt.retry_after_s) == (f"it answered with status {status}", 7.0)


def test_errors_are_failed_attempts():
    attempt = Server(fail(BackendUnavailable("h:80 did not answer within 15 s"))).deliver(leased())
    assert (attempt.result, attempt.why) == (Result.FAILED, "h:80 did not answer within 15 s")
    assert Server(fail(AddressRefused("private"))).deliver(leased()).result is Result.FORBIDDEN


@pytest.mark.parametrize("document", ["{}", "not JSON", to_text(evolve(ENDED, callback=None))])
def test_document_that_cannot_be_read_is_a_failed_attempt(document):
    server = Server()
    assert server.deliver(leased(document=document)).result is Result.FAILED
    assert server.sent == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2000 22:14:20 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 30, None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after_s(value, MOMENT) == seconds


# --- A passthru that is told of a stream, which ended with its call ------------------------------------------------

ASKED = "https://crm.example.org/next?key=hunter2"
CANCELLED = evolve(HUNG_UP, stream_status=StreamStatus.CANCELLED, disconnected_by=DisconnectedBy.USER)
BOT = BotTarget(url="ws://bot.example.org/ws", app="1001", passthru=Passthru(url=ASKED))
TALKED = evolve(SESSION, bot=BOT, answered_at=MOMENT + 2).ended(CANCELLED, MOMENT + 9, talked_s=7.0)


def untold():
    (callback,) = callbacks_of(TALKED)
    return evolve(leased(callback.session), event=callback.event, position=callback.position)


def test_passthru_of_a_call_that_has_ended_is_told_by_get_at_the_url_of_the_configuration():
    server = Server()
    assert server.deliver(untold()).result is Result.DELIVERED
    ((method, url, request),) = server.sent
    assert (method, request) == ("GET", {"account": "acme1", "timeout_s": 15.0, "configured": ASKED})
    assert url.startswith(f"{ASKED}&CallSid=c1&")
    assert "&CallStatus=completed&" in url
    assert url.endswith(
        "&Stream%5BDuration%5D=7&Stream%5BStreamUrl%5D=ws%3A%2F%2Fbot.example.org%2Fws"
        "&Stream%5BDisconnectedBy%5D=user"
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Result.DELIVERED), (302, Result.DELIVERED), (301, Result.REFUSED), (500, Result.FAILED)],
)
def test_both_answers_of_a_passthru_are_deliveries(status, outcome):
    assert Server(succeed(Reply(status, {}))).deliver(untold()).result is outcome


def test_stored_session_without_a_passthru_is_a_failed_attempt():
    server = Server()
    assert server.deliver(evolve(untold(), document=to_text(ENDED))).result is Result.FAILED
    assert server.sent == []


def test_passthru_is_told_after_the_status_callback_of_the_end():
    both = evolve(TALKED, callback=StatusCallback(url=URL))
    assert [callback.event for callback in callbacks_of(both)] == ["terminal", "passthru"]


@pytest.mark.parametrize("is_told", [True, False])
def test_passthru_that_was_asked_is_not_told_again(is_told):
    session = evolve(TALKED, flow=Flow(ended=CANCELLED, ended_s=7.0, is_told=is_told))
    assert bool(callbacks_of(session)) is not is_told
