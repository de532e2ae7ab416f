"""Long lists are written a part at a time, and kept as long as nothing of them changes."""

import json

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from exoswitch.exotel.rest import long_lists
from exoswitch.exotel.rest.endpoint import Asked
from exoswitch.exotel.rest.form import Form
from exoswitch.exotel.rest.long_lists import SHORT, LongLists
from exoswitch.web.parameters import Parameters
from tests.harness.dialer_accounts import ACCOUNTS

ACCOUNT = ACCOUNTS.by_name["acme1"]
ITEMS = 100
A_MS = 0.001


class Client:
    """Asks for a list of 100 items, of which each takes a millisecond to make."""

    def __init__(self):
        self.clock = Clock()
        self.lists = LongLists(self.clock)
        self.made = 0

    def _document(self, account, count=ITEMS):
        return {"page": 0, "owner": account.name, "items": map(self._item, range(count))}

    def _item(self, number):
        self.clock.rightNow += A_MS
        self.made += 1
        return {"Item": number}

    def ask(self, account=ACCOUNT, form=Form.JSON, kind="v1", count=ITEMS):
        """Give a list that has the answer's body as soon as there is one, and the Deferred of the answer."""
        asked = Asked(account=account, parameters=Parameters.of([]), path={}, form=form, base_url="", now=0.0)
        bodies = []
        answered = Deferred.fromCoroutine(
            self.lists.answer(asked, kind, count, lambda account: self._document(account, count))
        )
        answered.addCallbacks(lambda answer: bodies.append(answer.body), lambda _: None)
        return bodies, answered

    def get(self, **asked):
        """Wait for the answer; give its body."""
        bodies, _ = self.ask(**asked)
        while not bodies:
            self.clock.advance(A_MS)
        return bodies[0]


@pytest.fixture
def client():
    return Client()


@pytest.mark.parametrize("form", [Form.JSON, Form.XML])
def test_long_list_is_written_as_a_short_one_would_be(client, form):
    document = {"page": 0, "owner": "acme1", "items": [{"Item": number} for number in range(ITEMS)]}
    assert client.get(form=form) == form.write(document)


def test_long_list_leaves_the_reactor_to_others_after_each_part(client):
    bodies, _ = client.ask()
    made = []
    while not bodies:
        (call,) = client.clock.getDelayedCalls()
        made.append(client.made)
        client.clock.advance(call.getTime() - client.clock.seconds())
    parts = [after - before for before, after in zip([0, *made], made, strict=False)]
    assert parts == [10] * 10


def test_http_rests_for_twice_as_long_as_a_part_took(client):
    client.ask()
    (call,) = client.clock.getDelayedCalls()
    assert call.getTime() - client.clock.seconds() == pytest.approx(2 * 10 * A_MS)


def test_short_list_is_written_at_once_and_not_kept(client):
    for _ in range(2):
        bodies, _ = client.ask(count=SHORT)
        assert len(json.loads(bodies[0])["items"]) == SHORT
    assert client.made == 2 * SHORT


def test_list_that_is_asked_for_again_is_not_written_again(client):
    bodies = [client.get() for _ in range(3)]
    assert bodies == bodies[:1] * 3
    assert client.made == ITEMS


def test_account_that_a_reload_has_changed_has_a_new_list(client):
    client.get()
    client.get(account=evolve(ACCOUNT, calls_per_minute=7))
    assert client.made == 2 * ITEMS


def test_accounts_kinds_and_forms_have_lists_of_their_own(client):
    other = evolve(ACCOUNT, name="acme2")
    bodies = [client.get(), client.get(account=other), client.get(form=Form.XML), client.get(kind="v2_beta")]
    assert client.made == 4 * ITEMS
    assert [client.get(), client.get(account=other), client.get(form=Form.XML)] == bodies[:3]
    assert client.made == 4 * ITEMS


def test_clients_that_ask_at_once_wait_for_one_list(client):
    asked = [client.ask()[0] for _ in range(5)]
    while not all(asked):
        client.clock.advance(A_MS)
    assert client.made == ITEMS


def test_lists_of_many_accounts_are_written_one_after_the_other(client):
    asked = [client.ask(account=evolve(ACCOUNT, name=f"acme{number}"))[0] for number in range(3)]
    while not all(asked):
        assert len(client.clock.getDelayedCalls()) == 1
        client.clock.advance(A_MS)
    assert client.made == 3 * ITEMS


def test_list_is_written_to_its_end_for_the_next_client_when_one_is_gone(client):
    _, gone = client.ask()
    gone.cancel()
    client.get()
    assert client.made == ITEMS


def test_lists_that_were_not_asked_for_longest_are_forgotten(client, monkeypatch):
    monkeypatch.setattr(long_lists, "_KEPT", 2)
    for kind in ("a", "b", "a", "c", "a"):
        client.get(kind=kind)
    assert client.made == 3 * ITEMS
    client.get(kind="b")
    assert client.made == 4 * ITEMS
