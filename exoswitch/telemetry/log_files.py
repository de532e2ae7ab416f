"""Adapter: the log files of this process, which another program such as logrotate may move."""

from collections.abc import Iterator
from typing import Any

from twisted.logger import FileLogObserver, LogPublisher, globalLogPublisher
from twisted.python.logfile import BaseLogFile


def reopen_log_files() -> list[str]:
    """Open every log file again under its name; give the names. Standard output is not a log file."""
    files = list(_log_files(globalLogPublisher))
    for file in files:
        file.reopen()
    return [file.path for file in files]


def _log_files(publisher: LogPublisher) -> Iterator[Any]:
    for observer in publisher._observers:  # noqa: SLF001 - there is no public way (Twisted 26.10)
        if isinstance(observer, LogPublisher):
            yield from _log_files(observer)
        elif isinstance(observer, FileLogObserver):
            file: Any = observer._outFile  # noqa: SLF001 - as above
            if isinstance(file, BaseLogFile):
                yield file
