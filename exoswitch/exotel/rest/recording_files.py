"""Adapter: serves recordings at their URLs: to the account's key, or to a signature that has not expired."""

import re
from collections.abc import Callable
from pathlib import Path

from attrs import define
from twisted.internet.interfaces import IReactorTime

from exoswitch.errors import CallNotFound
from exoswitch.exotel.recording_links import PATH, RecordingLinks
from exoswitch.exotel.rest.authentication import Authentication
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.web.files import InThread, open_file, send_file
from exoswitch.web.site import Request

PREFIX = f"/{PATH}/"

_PATH = re.compile(rf"/{PATH}/([A-Za-z0-9_-]{{1,64}})/([0-9A-Za-z-]{{1,64}})\.(mp3|wav)", re.ASCII)


@define(eq=False)
class RecordingFiles:
    """Serves recordings; `find` gives the file of an account, a call and a format, whether it is there or not."""

    _find: Callable[[str, str, str], Path]
    _links: Callable[[], RecordingLinks]
    _authentication: Authentication
    _in_thread: InThread
    _clock: IReactorTime
    _wall_clock: Callable[[], float]

    async def answer(self, request: Request) -> None:
        """Answer a request for a recording.

        Raises:
            CallNotFound: there is none, or not yet.
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
        file = await open_file(self._find(account, call_sid, suffix), self._in_thread)
        if file is None:
            raise CallNotFound(
                f"there is no recording of call {call_sid[:40]} in this gateway's folder, or not yet: "
                "it is there some seconds after the end of the call"
            )
        await send_file(request, file, self._in_thread, self._clock)
