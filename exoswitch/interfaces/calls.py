"""Port: the calls of this gateway, for the REST API."""

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.call.recording import RecordingWish
from exoswitch.call.search import CallPage, CallSearch
from exoswitch.call.session import BotTarget, Session
from exoswitch.call.status_callback import StatusCallback
from exoswitch.call.stream_tap import StreamTap


@frozen(kw_only=True)
class CallRequest:
    """A call that an account requests: ring `number`, show `exophone`, connect to `bot`, or to a `second` number.

    One of `bot` and `second` is None. `tap` is a one-way stream of a call between two phones.
    """

    account: str
    number: str = field(repr=False)
    exophone: str
    bot: BotTarget | None = None
    second: str | None = field(default=None, repr=False)
    tap: StreamTap | None = None
    custom_field: str | None = None
    ring_s: float | None = None
    max_duration_s: float | None = None
    callback: StatusCallback | None = None
    recording: RecordingWish | None = None

    @property
    def recording_of_call(self) -> RecordingWish | None:
        """The recording that the request asks for, or else its app."""
        return self.recording or (None if self.bot is None else self.bot.record)


@frozen(kw_only=True)
class NumberHealth:
    """Whether calls to one of our numbers can arrive, and whether calls that show it can be dialled."""

    incoming: bool
    outgoing: bool


class ICalls(Interface):
    """The calls of this gateway."""

    missing = Attribute(
        "What keeps this gateway from placing a call now, as sentences (tuple); empty if nothing does."
    )

    def place(request: CallRequest) -> Deferred[Session]:
        """Accept a call; when the Deferred fires, its session is durable. Dialling follows or has started.

        Raises:
            NoCapacity: the gateway, every Asterisk or the account is full.
            TrunkError: no trunk takes the call.
            InvalidValue: no trunk can dial its number.
            BackendUnavailable: no Asterisk is ready, the gateway stops, or the call could not be saved.
        """

    def replied(call_sid: str) -> None:
        """The reply to the request for a call is written, or its client is gone: callbacks may follow."""

    def find(account: str, call_sid: str) -> Deferred[Session]:
        """Find a call, live or ended.

        Raises:
            CallNotFound: this account has no such call.
        """

    def search(search: CallSearch) -> Deferred[CallPage]:
        """Give a page of an account's calls, each as last noted: live calls of the whole fleet, and ended ones."""

    def live_bots(account: str) -> Deferred[int]:
        """Count an account's answered calls that have a bot, in the whole fleet."""

    def costs(account: str, since: float) -> Deferred[Mapping[str, Decimal]]:
        """Sum up the costs of an account's calls that have begun since this time and have ended, by currency."""

    def number_health(number: str) -> NumberHealth:
        """Give the health of a number (E.164), as its trunks are now."""
