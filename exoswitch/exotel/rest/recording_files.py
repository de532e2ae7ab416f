"""Adapter: serves recordings at their URLs: to the account's key, or to a signature that has not expired."""

import re
from collections.abc import Callable
from pathlib import Path

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from exoswitch.errors import CallNotFound
from exoswitch.exotel.recording_links import PATH, RecordingLinks, has_recording
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.interfaces.calls import ICalls
from exoswitch.web.files import InThread, OpenFile, open_file, send_file
from exoswitch.web.site import Request

PREFIX = f"/{PATH}/"

WAIT_S = 5.0
"""How long a request waits for a recording that is being finished: a dialer asks as soon as it is told of the end."""

AGAIN_S = 0.25
_FINISHED_S = 30.0  # after the end of its call, a recording that is not there will not come

_PATH = re.compile(rf"/{PATH}/([A-Za-z0-9_-]{{1,64}})/([0-9A-Za-z-]{{1,64}})\.(mp3|wav)", re.ASCII)


@define(eq=False, kw_only=True)
class RecordingFiles:
    """Serves recordings; `find` gives the file of an account, a call and a format, whether it is there or not.

    `is_written` and `calls` tell whether a recording that is not there will be there in a moment.
    """

    _find: Callable[[str, str, str], Path]
    _is_written: Callable[[str, str, str], Deferred[bool]]
    _links: Callable[[], RecordingLinks]
    _authentication: Authentication
    _calls: ICalls
    _in_thread: InThread
    _clock: IReactorTime
    _wall_clock: Callable[[], float]

    async def answer(self, request: Request) -> None:
        """Answer a request for a recording.

        Raises:
            CallNotFound: there is none, or not yet.
            BackendUnavailable: there is none, and whether one will come cannot be known now.
            NotAllowed: the signature is wrong or has expired.
            Unauthorized: there is no signature, and the credentials are not those of the account.
        """
        path = request.path.decode("utf-8", "replace")
        match = _PATH.fullmatch(path)
        if match is None:
            raise CallNotFound("this is not the path of a recording")
        account, call_sid, suffix = match.groups()
        is_signed = self._links().may_fetch(path, request.query.decode("latin-1"), self._wall_clock())
        if is_signed is False:
            raise NotAllowed("this URL has expired, or its signature is wrong: ask for a new PreSignedRecordingUrl")
        if is_signed is None:
            await self._authentication.account(request, account)
        file = await self._open(account, call_sid, suffix)
        if file is None:
            raise CallNotFound(
                f"there is no recording of call {call_sid[:40]} in this gateway's folder, or not yet: "
                "it is there some seconds after the end of the call"
            )
        await send_file(request, file, self._in_thread, self._clock)

    async def _open(self, account: str, call_sid: str, suffix: str) -> OpenFile | None:
        """Open a recording; wait a little for one that is being finished, here or by another gateway."""
        path = self._find(account, call_sid, suffix)
        file = await open_file(path, self._in_thread)
        until, may_come = self._clock.seconds() + WAIT_S, True
        while file is None and may_come and self._clock.seconds() < until:
            may_come = await self._is_being_finished(account, call_sid, suffix)
            if may_come:
                await deferLater(self._clock, AGAIN_S)
            file = await open_file(path, self._in_thread)  # also if it has just been finished
        return file

    async def _is_being_finished(self, account: str, call_sid: str, suffix: str) -> bool:
        """Whether a gateway still writes it: that of a lost call does not, and what there is comes minutes later."""
        try:
            session = await self._calls.find(account, call_sid)
        except CallNotFound:
            return False
        ended_at = session.ended_at
        if ended_at is None or not has_recording(session) or self._wall_clock() - ended_at >= _FINISHED_S:
            return False
        return session.recorded is not None or await self._is_written(account, call_sid, suffix)
