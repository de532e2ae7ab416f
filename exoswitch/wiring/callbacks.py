"""Root: the wiring of status callbacks: from the outbox to the servers of dialers."""

import time
from collections.abc import Callable
from typing import Any

from exoswitch.call.session import Session
from exoswitch.exotel.callbacks.outgoing import Outgoing
from exoswitch.exotel.callbacks.status_callbacks import StatusCallbacks
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.outbox.interfaces import IOutbox
from exoswitch.outbox.recoverer import Recoverer
from exoswitch.outbox.sender import Sender
from exoswitch.tasks.holds import Holds


def recoverer(
    outbox: IOutbox,
    outgoing: Outgoing,
    holds: Holds,
    rules: CurrentRules,
    recording_url: Callable[[Session], str],
    *,
    metrics: IMetrics,
    reactor: Any,
) -> Recoverer:
    """Make what delivers callbacks; `recording_url` gives the URL of a call's recording, or an empty text."""

    def keys(account: str) -> tuple[bytes, ...]:
        known = rules.now.accounts.by_name.get(account)
        return () if known is None else known.signing_keys

    callbacks = StatusCallbacks(outgoing, keys, time.time, recording_url)
    sender = Sender(
        deliver=callbacks.deliver,
        settle=outbox.settle,
        holds=holds,
        rules=lambda: rules.now.retries,
        clock=reactor,
        metrics=metrics,
    )
    return Recoverer(outbox, sender, reactor, metrics)
