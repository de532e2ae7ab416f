"""Adapter: what the log says of a trunk's breaker and alarms; the gateway whose call told it writes it."""

from collections.abc import Iterable

from twisted.logger import Logger, LogLevel

_LOG = Logger(namespace="exoswitch.trunks")

_TEXTS = {
    "opened": (
        LogLevel.error,
        (
            "trunk {trunk}: its calls fail (last: {answer}); calls go to other trunks, if there are any, and one "
            "call every 10 to 15 s tries it"
        ),
    ),
    "closed": (LogLevel.info, "trunk {trunk}: a call went through; it carries calls again"),
    "config": (
        LogLevel.error,
        (
            "trunk {trunk} refuses our account, our caller id or our codecs ({answer}): "
            "see the provider's page in the docs"
        ),
    ),
    "format": (
        LogLevel.warn,
        (
            "trunk {trunk} refuses more than a fifth of the numbers as wrong (last: {answer}): "
            "check the keys number and prefix of the trunk, and the dialer's list"
        ),
    ),
    "answer-ratio": (
        LogLevel.warn,
        (
            "trunk {trunk}: less than a third as many calls are answered as usual: "
            "compare with another trunk, and check the dialer's list"
        ),
    ),
}


def log_events(trunk: str, events: Iterable[str], sip_status: int | None) -> None:
    """Log the events of a report."""
    answer = "no answer" if sip_status is None else f"SIP {sip_status}"
    for event in events:
        level, text = _TEXTS[event]
        _LOG.emit(level, text, trunk=trunk, answer=answer)
