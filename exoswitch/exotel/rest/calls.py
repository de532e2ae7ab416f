"""Adapter: the endpoints that read calls: one of them, or a list (spec §6.4)."""

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from exoswitch.errors import CallNotFound
from exoswitch.exotel.recording_links import VALID_S, RecordingLinks
from exoswitch.exotel.rest.call_filters import LONGEST_SID, read_list, read_validity
from exoswitch.exotel.rest.call_list import list_document
from exoswitch.exotel.rest.endpoint import Answered, Asked, Endpoint
from exoswitch.exotel.rest.representations import View, call_record, call_row
from exoswitch.interfaces.calls import ICalls
from exoswitch.tasks.one_at_a_time import OneAtATime

ROWS_AT_ONCE = 25
"""A row takes some 50 µs; calls have audio between two parts of a page."""

LinksOf = Callable[[Asked], RecordingLinks | None]
"""Makes the URLs of recordings, for a client that asked so; None if there are no recordings."""


def no_links(_asked: Asked) -> RecordingLinks | None:
    """Give no URLs."""
    return None


def call_endpoints(calls: ICalls, clock: IReactorTime, links: LinksOf = no_links) -> tuple[Endpoint, ...]:
    """Give the endpoints."""
    reads = CallReads(calls, clock, links)
    return (
        Endpoint(("GET",), "/v1/Accounts/<sid>/Calls", reads.list),
        Endpoint(("GET",), "/v1/Accounts/<sid>/Calls/<call_sid>", reads.show),
    )


@define(eq=False)
class CallReads:
    """Answers the reads of calls."""

    _calls: ICalls
    _clock: IReactorTime
    _links: LinksOf
    _searches: OneAtATime = field(factory=OneAtATime, init=False)  # an account keeps others waiting for one at most

    async def show(self, asked: Asked) -> Answered:
        """Show a call, live or ended."""
        account, call_sid = asked.account.name, asked.path["call_sid"]
        view = self._view(asked, details=bool(asked.parameters.flag("details")))
        if len(call_sid) > LONGEST_SID:
            raise CallNotFound(f"account {account} has no such call")
        return Answered(call_record(await self._calls.find(account, call_sid), view))

    async def list(self, asked: Asked) -> Answered:
        """List the calls of an account."""
        request = read_list(asked.parameters, asked.account.name, asked.now)
        view = self._view(asked, details=request.details)
        page = await self._searches.run(asked.account.name, lambda: self._calls.search(request.search))
        rows = []
        for start in range(0, len(page.sessions), ROWS_AT_ONCE):
            if start:
                await deferLater(self._clock, 0)
            rows += [call_row(session, view) for session in page.sessions[start : start + ROWS_AT_ONCE]]
        return Answered(list_document(request, page, rows, asked.form))

    def _view(self, asked: Asked, *, details: bool) -> View:
        valid_s = read_validity(asked.parameters)
        return View(
            form=asked.form,
            details=details,
            links=self._links(asked),
            now=asked.now,
            valid_s=VALID_S if valid_s is None else valid_s,
        )
