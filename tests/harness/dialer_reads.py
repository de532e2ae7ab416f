"""A client that reads: the REST API over sessions in memory, with the whole way of a request."""

import json
from urllib.parse import quote
from xml.etree import ElementTree as ET

from attrs import define, field
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from zope.interface import implementer

from exoswitch.exotel.rest.account_reads import account_endpoints
from exoswitch.exotel.rest.calls import call_endpoints, no_links
from exoswitch.exotel.rest.number_reads import number_endpoints
from exoswitch.exotel.rest.resource import RestResource
from exoswitch.interfaces.calls import ICalls, NumberHealth
from exoswitch.sessions.memory import MemorySessions
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.dialer_accounts import ACCOUNTS
from tests.harness.http import Server
from tests.harness.rest_api import rest_api

BASE = "/v1/Accounts/acme1"
NOW = 1_700_136_000.0  # 2023-11-16 17:30:00 in India


@implementer(ICalls)
@define(eq=False)
class StoredCalls:
    """The calls of a store; `asked` counts its searches and sums."""

    store: MemorySessions = field(factory=MemorySessions)
    health: dict = field(factory=dict)
    asked: int = 0
    missing: tuple = ()

    def place(self, _request):
        raise AssertionError("a read places no call")

    def find(self, account, call_sid):
        return maybeDeferred(self.store.load, account, call_sid)

    def search(self, search):
        self.asked += 1
        return self.store.search(search)

    def live_bots(self, account):
        return self.store.live_bots(account)

    def costs(self, account, since):
        self.asked += 1
        return self.store.costs(account, since)

    def number_health(self, number):
        return self.health.get(number, NumberHealth(incoming=True, outgoing=True))


@define(eq=False)
class Reader:
    """A client of account acme1."""

    calls: StoredCalls = field(factory=StoredCalls)
    links: object = no_links
    now: float = NOW
    server: Server = field(init=False)

    def __attrs_post_init__(self):
        clock, metrics = Clock(), MemoryMetrics()
        endpoints = (
            *call_endpoints(self.calls, clock, self.links),
            *account_endpoints(self.calls, {"acme1": 100}.__getitem__, lambda: "INR"),
            *number_endpoints(self.calls, clock),
        )
        api = rest_api(endpoints, lambda: ACCOUNTS, clock, metrics, lambda: self.now)
        self.server = Server(RestResource(api, {}), clock, metrics)

    def keep(self, *sessions):
        """Store sessions."""
        for session in sessions:
            self.calls.store.note(session)

    def ask(self, path, method="GET", body=b"", **parameters):
        """Send a request; the parameters are encoded."""
        query = "&".join(f"{name}={quote(str(value))}" for name, value in parameters.items())
        target = path + ("?" + query if query else "")
        return self.server.ask(method, target, body, (), ("k", "t"))

    def get(self, path, **parameters):
        """Give the document of a JSON answer."""
        reply = self.ask(path if path.startswith("/") else f"{BASE}/{path}", **parameters)
        assert reply.code == 200, reply.text
        return json.loads(reply.text)

    def xml(self, path, **parameters):
        """Give the root of an XML answer."""
        reply = self.ask(f"{BASE}/{path}", **parameters)
        assert reply.code == 200, reply.text
        return ET.fromstring(reply.text)  # noqa: S314 - our own

    def refused(self, path, **parameters):
        """Give the status and the message of an error."""
        reply = self.ask(f"{BASE}/{path}", **parameters)
        return reply.code, reply.message

    def listed(self, **parameters):
        """Give the SIDs of a page."""
        return [call["Sid"] for call in self.get("Calls.json", **parameters)["Calls"]]
