"""Port: an endpoint of the REST API: its methods, its path, and the function that answers its requests.

Each part of the API gives its endpoints; `exoswitch.exotel.rest.resource` serves them all. It authenticates a
request, reads its parameters and counts it against the limits of its account; an endpoint only answers it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from attrs import field, frozen

from exoswitch.exotel.rest.form import Form
from exoswitch.interfaces.routing import Account
from exoswitch.web.parameters import Parameters

Limit = Literal["call", "read"]
"""Which limit of an account counts a request: that of calls a minute, or that of reads a minute."""


@frozen(kw_only=True)
class Asked:
    """A request of an account.

    `path` has the variables of the path, decoded. `base_url` is the scheme and the host that the client used, as in
    ``https://gw.example.org``. `now` is in seconds since the epoch.
    """

    account: Account
    parameters: Parameters
    path: Mapping[str, str]
    form: Form
    base_url: str
    now: float


@frozen
class Answered:
    """The answer: a document for JSON and XML alike, see `exoswitch.exotel.rest.xml`.

    `written` is called once, when the answer is written, or the client is gone. `body` is the document of an answer
    that is written already.
    """

    document: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)
    written: Callable[[], None] | None = None
    body: bytes | None = field(default=None, repr=False)


@frozen
class Endpoint:
    """One path of the API.

    `path` is as ``/v1/Accounts/<sid>/Calls/<call_sid>``, without a suffix; ``<sid>`` is the account. Words of a path
    match in any case. An endpoint that answers GET answers HEAD.

    `handle` may raise any error of exoswitch; `exoswitch.exotel.rest.errors` has the answer to each.
    """

    methods: tuple[str, ...]
    path: str
    handle: Callable[[Asked], Awaitable[Answered]] = field(repr=False)
    limit: Limit = "read"
