"""Reading what a test made the product log."""

from collections.abc import Iterable

from twisted.logger import LogEvent, LogLevel


def warnings_in(log: Iterable[LogEvent]) -> list[str]:
    """Give the texts of the warnings and errors among these log events."""
    return [
        event["log_format"].format(**event) for event in log if event["log_level"] in {LogLevel.warn, LogLevel.error}
    ]
