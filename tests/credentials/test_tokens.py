"""Whether a client has the token of an account, and what the checks of wrong ones cost."""

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from exoswitch.credentials.hash_checks import MAX_WAITING, MAX_WAITING_OF_ADDRESS, REST, HashChecks
from exoswitch.credentials.token_hash import TokenHash
from exoswitch.credentials.tokens import Tokens
from exoswitch.errors import BackendUnavailable

CHECK_S = 0.05


def hash_of(token, salt=b"s" * 16):
    """Give a hash that is quick to check."""
    cheap = TokenHash(cost=10, salt=salt, digest=bytes(32))
    return str(evolve(cheap, digest=cheap._digest_of(token)))


KNOWN = hash_of(b"right")


@define(eq=False)
class Logins:
    """Logins whose checks take 50 ms each, in a thread that does one at a time."""

    clock: Clock = field(factory=Clock)
    checked: list = field(factory=list)
    tokens: Tokens = field(init=False)

    def __attrs_post_init__(self):
        self.tokens = Tokens(HashChecks(self.in_thread, self.clock))

    def in_thread(self, matches, token):
        self.checked.append(token)
        done = Deferred()
        self.clock.callLater(CHECK_S, lambda: done.callback(matches(token)))
        return done

    def log_in(self, token, address="192.0.2.1", known=KNOWN):
        """Start a login; give the list that gets its result."""
        results = []
        login = Deferred.fromCoroutine(self.tokens.is_right("acme1", known, token, address))
        login.addBoth(results.append)
        return results

    def wait(self, checks=1):
        """Let so many checks be made, each with the rest after it."""
        for _ in range(checks):
            self.clock.advance(CHECK_S)
            self.clock.advance(REST * CHECK_S * 1.01)


@pytest.fixture
def logins():
    return Logins()


def test_a_right_token_is_checked_once_and_costs_nothing_afterwards(logins):
    first = logins.log_in(b"right")
    assert first == []
    logins.wait()
    assert first == [True]
    assert [logins.log_in(b"right") for _ in range(3)] == [[True]] * 3
    assert logins.checked == [b"right"]


def test_clients_that_send_the_same_token_wait_for_one_check(logins):
    waiting = [logins.log_in(b"right", f"192.0.2.{number}") for number in range(100)]
    logins.wait()
    assert waiting == [[True]] * 100
    assert logins.checked == [b"right"]


def test_a_wrong_token_is_remembered_and_so_is_the_right_one_beside_it(logins):
    for token in (b"wrong", b"right"):
        logins.log_in(token)
        logins.wait()
    assert (logins.log_in(b"wrong"), logins.log_in(b"right")) == ([False], [True])
    assert len(logins.checked) == 2


def test_a_new_hash_in_the_configuration_is_checked_anew(logins):
    logins.log_in(b"right")
    logins.wait()
    changed = hash_of(b"other")
    assert logins.log_in(b"right", known=changed) == []
    logins.wait()
    assert len(logins.checked) == 2


def test_wrong_tokens_never_take_more_than_a_fifth_of_a_core(logins):
    for number in range(20_000):
        logins.log_in(b"guess %d" % number, f"198.51.100.{number % 20}")
        if not number % 20:
            logins.clock.advance(CHECK_S / 5)
    share = len(logins.checked) * CHECK_S / logins.clock.seconds()
    assert share == pytest.approx(1 / (1 + REST), rel=0.2)
    logins.wait(MAX_WAITING + 1)


def test_a_dialer_logs_in_while_others_guess_and_at_once_if_it_has_before(logins):
    for number in range(10):
        logins.log_in(b"guess %d" % number, f"198.51.100.{number}")
    dialer = logins.log_in(b"right", "203.0.113.7")
    logins.wait(11)
    assert dialer == [True]
    for number in range(10, 20):
        logins.log_in(b"guess %d" % number, f"198.51.100.{number}")
    assert logins.log_in(b"right", "203.0.113.7") == [True]
    logins.wait(10)


def test_an_address_and_all_together_have_a_limit_of_waiting_checks(logins):
    of_one = [logins.log_in(b"guess %d" % number) for number in range(MAX_WAITING_OF_ADDRESS + 2)]
    assert [bool(result) for result in of_one] == [False] * (MAX_WAITING_OF_ADDRESS + 1) + [True]
    assert isinstance(of_one[-1][0].value, BackendUnavailable)
    many = [logins.log_in(b"more %d" % number, f"198.51.100.{number}") for number in range(MAX_WAITING + 5)]
    assert sum(bool(result) for result in many) == 5 + MAX_WAITING_OF_ADDRESS
    logins.wait(MAX_WAITING + 2)
    assert logins.clock.getDelayedCalls() == []
    assert logins.tokens._asked == {}


def test_of_wrong_tokens_only_the_last_ones_are_remembered(logins, monkeypatch):
    monkeypatch.setattr("exoswitch.credentials.tokens.MAX_WRONG", 20)
    for number in range(30):
        logins.log_in(b"guess %d" % number, known=KNOWN)
        logins.wait()
    assert len(logins.tokens._wrong) == 20


def test_a_check_that_fails_is_told_to_who_waits_and_forgotten(logins):
    logins.tokens = Tokens(HashChecks(lambda *_: Deferred.fromCoroutine(broken()), logins.clock))
    (failure,) = logins.log_in(b"right")
    assert isinstance(failure.value, MemoryError)
    logins.wait()
    assert logins.tokens._asked == {}


async def broken():
    raise MemoryError


def test_a_plain_token_is_compared_at_once(logins):
    assert (logins.log_in(b"t", known="t"), logins.log_in(b"x", known="t")) == ([True], [False])
    assert logins.checked == []
