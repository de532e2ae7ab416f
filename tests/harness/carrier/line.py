"""What a call knows of the trunk that it came on."""

from typing import Protocol

from tests.harness.carrier.records import Records
from tests.harness.carrier.transactions import ClientTransactions, ServerTransactions
from tests.harness.e2e.phone import Phone


class Line(Protocol):
    """The carrier's end of a trunk: its SIP address, the address and the phone of its audio."""

    name: str
    host: str
    port: int
    media_host: str
    phone: Phone | None
    records: Records
    server: ServerTransactions
    client: ClientTransactions
