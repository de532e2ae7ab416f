"""Core: a page of a list of calls, with the URIs of its neighbours (spec §6.4).

The URIs are absolute paths, which clients append to the host as they are. `Total` counts the calls up to the end of
the page, and one more if the list goes on: the whole list is never counted, and a client that reads on until it has
`Total` calls ends with the list.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from exoswitch.call.search import CallPage, Position
from exoswitch.exotel.rest.call_filters import Cursor, ListRequest
from exoswitch.exotel.rest.form import SUFFIX, Form


def list_document(
    request: ListRequest, page: CallPage, rows: Iterable[Mapping[str, Any]], form: Form
) -> Mapping[str, Any]:
    """Give the document of a page; `rows` are its calls."""
    before = _calls_before(request, page)
    after = before + len(page.sessions)
    previous, following = None, None
    if page.sessions and page.has_before:
        previous = {"Before": str(Cursor(Position.of(page.sessions[0]), before))}
    if page.sessions and page.has_after:
        following = {"After": str(Cursor(Position.of(page.sessions[-1]), after))}
    metadata = {
        "Total": after + page.has_after,
        "PageSize": request.search.limit,
        "FirstPageUri": _uri(request, {}, form),
        "PrevPageUri": None if previous is None else _uri(request, previous, form),
        "NextPageUri": None if following is None else _uri(request, following, form),
    }
    return {"Metadata": metadata, "Calls": [*rows]}


def _calls_before(request: ListRequest, page: CallPage) -> int:
    """Count the calls before a page, as its cursor knows it."""
    if request.cursor is None or not page.has_before:
        return 0
    if request.search.after is not None:
        return request.cursor.seen
    return max(1, request.cursor.seen - len(page.sessions))


def _uri(request: ListRequest, place: Mapping[str, str], form: Form) -> str:
    suffix = "" if form is Form.XML else SUFFIX
    path = f"/v1/Accounts/{quote(request.search.account)}/Calls{suffix}"
    query = urlencode([*request.repeated, *place.items()], quote_via=quote, safe=":,")
    return f"{path}?{query}" if query else path
