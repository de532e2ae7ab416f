"""Adapter: the costs of calls in PostgreSQL; a role that may only read, or a standby, is enough."""

from typing import Any

from zope.interface import implementer

from exoswitch.billing.usage import AnsweredCall, Grouping, Usage
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.interfaces import ILedger
from exoswitch.sessions.ledger_rows import (
    ANSWER_S,
    answered_question,
    check_version,
    read_answered,
    read_usage,
    usage_question,
    usage_times,
)
from exoswitch.store.postgres import Ask, PostgresConnection
from exoswitch.store.postgres_address import database_name
from exoswitch.store.schema_versions import due, read_schema
from exoswitch.tasks.deferred import deferred

_MOMENT = "to_timestamp(%s)"


@implementer(ILedger)
class PostgresLedger:
    """The database at `address`, in libpq's form."""

    def __init__(self, address: str, reactor: Any) -> None:
        self.name = database_name(address)
        self._connection = PostgresConnection(address, self.name, reactor, answer_s=ANSWER_S)

    @deferred
    async def open(self) -> None:
        """Connect, and check the schema."""
        ((version,),) = await self._ask("SELECT coalesce(max(version), 0) FROM schema_versions")
        try:
            due(read_schema("postgres"), version)
            check_version(version)
        except BackendUnavailable as problem:
            raise BackendUnavailable(f"{self.name}: {problem}") from None

    @deferred
    async def usage(self, begin: float, end: float, by: Grouping) -> list[Usage]:
        """Sum up the calls of this time."""
        return read_usage(await self._ask(usage_question(by, _MOMENT), *usage_times(begin, end)))

    @deferred
    async def answered(self, begin: float, end: float) -> list[AnsweredCall]:
        """Read the answered calls that began in this time."""
        question = answered_question(_MOMENT, "extract(epoch FROM answered_at)::float8")
        return read_answered(await self._ask(question, begin, end))

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    @deferred
    async def _ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        async def work(ask: Ask) -> list[tuple[Any, ...]]:
            await ask("SET statement_timeout = %s", round(ANSWER_S * 1000))
            return await ask(question, *values)

        return await self._connection.run(work)
