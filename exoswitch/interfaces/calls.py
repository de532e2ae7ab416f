"""Port: the calls of this gateway, as whoever serves dialers sees them."""

from attrs import field, frozen
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.call.session import BotTarget, Session


@frozen(kw_only=True)
class CallRequest:
    """A call that somebody with an account asks for: ring `number`, showing `exophone`, and lead it to `bot`."""

    account: str
    number: str = field(repr=False)
    exophone: str
    bot: BotTarget
    custom_field: str | None = None
    ring_s: float | None = None
    max_duration_s: float | None = None


class ICalls(Interface):
    """The calls of this node, as the REST API sees them."""

    ready = Attribute("Whether a call could be placed now: at least one Asterisk is ready, and we are not stopping.")

    def place(request: CallRequest) -> Deferred[Session]:
        """Accept a call; its session is durable when the Deferred fires, and dialling has begun or is about to.

        Raises:
            NoCapacity: the gateway, every Asterisk or the account is full.
            TrunkError: no trunk is configured.
            BackendUnavailable: no Asterisk is ready.
        """

    def find(account: str, call_sid: str) -> Deferred[Session]:
        """Show one call, live or ended.

        Raises:
            CallNotFound: this account has no such call.
        """
