import pytest
from attrs import define, evolve, field
from twisted.internet.defer import fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import AddressRefused, BackendUnavailable
from exoswitch.exotel.callbacks.outgoing import Reply
from exoswitch.exotel.callbacks.status_callbacks import StatusCallbacks, retry_after_s
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
