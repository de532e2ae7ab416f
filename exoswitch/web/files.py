"""Adapter: sends a file as an answer: read in a thread, a piece at a time, as fast as the client takes it."""

import errno
import os
import stat
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.spawn import spawn
from exoswitch.tasks.within import within
from exoswitch.web.ranges import RangeNotSatisfiable, read_range
from exoswitch.web.site import Request

_LOG = Logger(namespace="exoswitch.web")
_PIECE_BYTES = 64 * 1024
_STALL_S = 60.0
_TYPES = {".mp3": "audio/mpeg", ".wav": "audio/wav"}

InThread = Callable[..., Deferred[Any]]


@frozen
class OpenFile:
    """A file that is open for reading; it stays the same file when it is deleted or replaced meanwhile."""

    descriptor: int
    size: int
    changed_at: float
    suffix: str

    @property
    def tag(self) -> str:
        """The entity tag: it differs for each content of the file."""
        return f'"{self.size:x}-{int(self.changed_at * 1000):x}"'


def open_file(path: Path, in_thread: InThread) -> Deferred[OpenFile | None]:
    """Open a file in the thread; fires with None if there is none.

    A client may disconnect meanwhile, which cancels the Deferred: then the file is closed again.
    """
    opened: Deferred[OpenFile | None] = Deferred()

    def give(file: OpenFile | None) -> None:
        if not opened.called:
            opened.callback(file)
        elif file is not None:
            _close(file, in_thread)

    def fail(failure: Failure) -> None:
        if not opened.called:
            opened.errback(failure)

    in_thread(_open, path).addCallbacks(give, fail)
    return opened


def _close(file: OpenFile, in_thread: InThread) -> None:
    spawn(in_thread(os.close, file.descriptor), _LOG, "closing a file")


def _open(path: Path) -> OpenFile | None:
    """Open a file, and nothing else: a pipe would hold the thread of all files until somebody writes into it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        if problem.errno == errno.ELOOP:  # a link
            return None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return None
    return OpenFile(descriptor, status.st_size, status.st_mtime, path.suffix)


async def send_file(request: Request, file: OpenFile, in_thread: InThread, clock: IReactorTime) -> None:
    """Answer with the file or the part that the request asks for, and close the file."""
    try:
        wanted = _write_head(request, file)
        if wanted and request.method != b"HEAD":
            await _Sending(request, file.descriptor, wanted, in_thread, clock).send()
    finally:
        _close(file, in_thread)  # after the last read: the thread does one thing after the other
    if not request.is_gone:
        request.finish()


def _write_head(request: Request, file: OpenFile) -> range:
    """Set status and headers; give the positions of the bytes to send."""
    request.setHeader("Accept-Ranges", "bytes")
    request.setHeader("ETag", file.tag)
    request.setHeader("Last-Modified", formatdate(file.changed_at, usegmt=True))
    request.setHeader("Cache-Control", "private")
    request.setHeader("Content-Type", _TYPES.get(file.suffix, "application/octet-stream"))
    try:
        part = read_range(_range_of(request, file), file.size)
    except RangeNotSatisfiable:
        request.setResponseCode(416)
        request.setHeader("Content-Range", f"bytes */{file.size}")
        request.setHeader("Content-Length", "0")
        return range(0)
    if part is not None:
        request.setResponseCode(206)
        request.setHeader("Content-Range", f"bytes {part.start}-{part.stop - 1}/{file.size}")
    else:
        request.setResponseCode(200)
        part = range(file.size)
    request.setHeader("Content-Length", str(len(part)))
    return part


def _range_of(request: Request, file: OpenFile) -> str:
    """Give the ``Range`` header; one of an older content of the file counts for nothing (RFC 9110 §13.1.5)."""
    condition = (request.getHeader(b"If-Range") or b"").decode("latin-1")
    if condition and condition != file.tag:
        return ""
    return (request.getHeader(b"Range") or b"").decode("latin-1")


@implementer(IPushProducer)
@define(eq=False)
class _Sending:
    """Sends bytes of a file; it waits while the client does not read, at most `_STALL_S`."""

    _request: Request
    _descriptor: int
    _wanted: range
    _in_thread: InThread
    _clock: IReactorTime
    _resumed: Deferred[None] | None = field(default=None, init=False)

    async def send(self) -> None:
        """Send them all, or close the connection of a client that reads nothing for a minute."""
        request, at = self._request, self._wanted.start
        request.registerProducer(self, streaming=True)
        try:
            while at < self._wanted.stop and not request.is_gone:
                if self._resumed is not None:
                    await within(_STALL_S, self._clock, self._resumed, "the client")
                size = min(_PIECE_BYTES, self._wanted.stop - at)
                data = await self._in_thread(os.pread, self._descriptor, size, at)
                if not data:
                    request.loseConnection()  # the file has been cut: the client sees fewer bytes than were announced
                    return
                if not request.is_gone:
                    request.write(data)
                at += len(data)
        except BackendUnavailable:
            request.loseConnection()
        finally:
            if not request.is_gone:
                request.unregisterProducer()

    def pauseProducing(self) -> None:
        """Wait: the client does not read as fast."""
        if self._resumed is None:
            self._resumed = Deferred()

    def resumeProducing(self) -> None:
        """Go on."""
        resumed, self._resumed = self._resumed, None
        if resumed is not None and not resumed.called:
            resumed.callback(None)

    def stopProducing(self) -> None:
        """The client is gone."""
        self.resumeProducing()
