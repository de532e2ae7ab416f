"""A gateway alone, with a simulated Asterisk and a bot: its configuration, and its stored callbacks.

Its store is a SQLite file in its folder, unless `sessions` names a PostgreSQL database.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.fleet.far_side import EXOPHONE, FarSide
from tests.harness.fleet.gateway import ACCOUNT, API_KEY, API_TOKEN, Gateway

HOST = "127.0.0.1"
CAPACITY = 50
CONNECTIONS_END_S = 10.0

_OTHER_CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def lone_gateway(folder: Path, far_side: FarSide, **keys: Any) -> Gateway:
    """Give a gateway that is not started yet; `keys` are further keys of its file."""
    port = free_port()
    return Gateway("gw1", folder, {**_config(far_side, port), **keys}, HOST, port)


def ask_callbacks(*events: str) -> dict[str, str]:
    """Give the parameters of a request that ask for JSON callbacks of these events."""
    named = {f"StatusCallbackEvents[{number}]": event for number, event in enumerate(events)}
    return {"StatusCallbackContentType": "application/json", **named}


def unsettled(gateway: Gateway) -> tuple[int, int]:
    """Count the calls that have not ended, and the callbacks that wait, in the gateway's database."""
    ((live,),) = _ask(gateway, "SELECT count(*) FROM sessions WHERE ended_at IS NULL")
    ((waiting,),) = _ask(gateway, "SELECT count(*) FROM callbacks WHERE state = 'waiting'")
    return live, waiting


def left_leased(gateway: Gateway) -> frozenset[tuple[str, str]]:
    """Give the call and the event of each callback that a killed gateway had leased, and had not marked as delivered.

    PostgreSQL may still commit the last statement of a dead client, so wait until its connections have ended.
    """
    assert not gateway.is_running, f"{gateway.name} runs"
    deadline = time.monotonic() + CONNECTIONS_END_S
    while _address(gateway) and _ask(gateway, _OTHER_CONNECTIONS) != [(0,)]:
        assert time.monotonic() < deadline, "PostgreSQL keeps the connections of a dead gateway"
        time.sleep(0.01)
    question = "SELECT call_sid, event FROM callbacks WHERE state = 'waiting' AND leased_by IS NOT NULL"
    return frozenset((call_sid, event) for call_sid, event in _ask(gateway, question))


def _address(gateway: Gateway) -> str:
    """Give the address of the gateway's PostgreSQL database, or an empty text."""
    return str(gateway.config.get("sessions", ""))


def _ask(gateway: Gateway, question: str) -> list[tuple[Any, ...]]:
    if _address(gateway):
        with closing(psycopg2.connect(_address(gateway))) as connection, connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall()
    with closing(sqlite3.connect(f"file:{gateway.folder}/exoswitch.db?mode=ro", uri=True)) as connection:
        return connection.execute(question).fetchall()


def _config(far_side: FarSide, port: int) -> dict[str, Any]:
    (asterisk,) = far_side.asterisks.values()
    ports = free_ports(CAPACITY + 10)
    ami = {"ami": f"tcp:{HOST}:{asterisk.ami_port}", "username": asterisk.username, "secret": asterisk.secret}
    return {
        "gateway": {"capacity": CAPACITY},
        "http": f"tcp:{port}:interface={HOST}",
        "rtp": {"bind": HOST, "advertise": HOST, "ports": f"{ports[0]}-{ports[-1]}", "quarantine_s": 0},
        "asterisks": [{"name": asterisk_name, "host": HOST, **ami} for asterisk_name in far_side.asterisks],
        "trunks": [{"name": "lab", "provider": "sip", "host": HOST, "channels": 100, "cps": 100}],
        "private_networks": ["127.0.0.0/8"],
        "callbacks": {"first_retry_s": 1},
        "accounts": {
            ACCOUNT: {"api_key": API_KEY, "api_token": API_TOKEN, "concurrency": 1000, "caller_ids": ["any"]}
        },
        "apps": {"1": {"account": ACCOUNT, "url": far_side.bot.url}},
        "numbers": {f"+91{EXOPHONE[1:]}": {"account": ACCOUNT, "app": "1"}},
    }
