"""Commands that read the session store change nothing in it, and need no right to."""

import psycopg2
import pytest
from attrs import evolve

from exoswitch.commands.stored_sessions import read_only
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import NotMadeYet
from exoswitch.sessions.notes import Note
from exoswitch.sessions.postgres import PostgresDatabase
from tests.harness.sessions import SESSION

pytestmark = pytest.mark.loopback

PBX = AsteriskConfig(name="pbx1", ami="tcp:127.0.0.1:1", username="exoswitch", secret="hush", host="127.0.0.1")
SCHEMA_LOCK = 0x65786F73


@pytest.fixture
def read(reactor):
    """Open the database of sessions as a command does, and read the newest calls."""

    async def read_recent(address):
        database = read_only(Config(asterisks=(PBX,), sessions=address), reactor)
        try:
            await database.open()
            return await database.recent(5)
        finally:
            database.close()

    return read_recent


async def test_empty_database_stays_empty(postgres, read):
    address = postgres.new_database()
    with pytest.raises(NotMadeYet, match=r" has no tables yet; a gateway makes them when it starts$"):
        await read(address)
    tables = postgres.query(address.rpartition("/")[2], "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert tables == []


async def test_role_that_may_only_read_and_a_gateway_that_changes_the_schema_do_no_harm(postgres, reactor, read):
    address = postgres.new_database()
    gateway = PostgresDatabase(address, reactor)
    await gateway.open()
    await gateway.write([Note(1, evolve(SESSION, call_sid="call"))])
    gateway.close()
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE looker LOGIN")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
        cursor.execute("ALTER ROLE looker SET default_transaction_read_only = on")
        connection.commit()
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        found = await read(address.replace("//exo@", "//looker@"))
    assert [note.session.call_sid for note in found] == ["call"]
