"""Port: the calls of this gateway, for the REST API."""

from attrs import field, frozen
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.call.recording import RecordingWish
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


class ICalls(Interface):
    """The calls of this gateway."""

    missing = Attribute(
        "What keeps this gateway from placing a call now, as sentences (tuple); empty if nothing does."
    )

    def place(request: CallRequest) -> Deferred[Session]:
        """Accept a call; when the Deferred fires, its session is durable. Dialling follows or has started.

        Raises:
            NoCapacity: the gateway, every Asterisk or the account is full.
            TrunkError: no trunk is configured.
            BackendUnavailable: no Asterisk is ready.
        """

    def find(account: str, call_sid: str) -> Deferred[Session]:
        """Find a call, live or ended.

        Raises:
            CallNotFound: this account has no such call.
        """
