"""A gateway alone over SQLite, with a simulated Asterisk and a bot: its configuration, and its stored callbacks."""

import sqlite3
from pathlib import Path
from typing import Any

from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.fleet.far_side import EXOPHONE, FarSide
from tests.harness.fleet.gateway import ACCOUNT, API_KEY, API_TOKEN, Gateway

HOST = "127.0.0.1"
CAPACITY = 50


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
    with sqlite3.connect(f"file:{gateway.folder}/exoswitch.db?mode=ro", uri=True) as connection:
        ((live,),) = connection.execute("SELECT count(*) FROM sessions WHERE ended_at IS NULL")
        ((waiting,),) = connection.execute("SELECT count(*) FROM callbacks WHERE state = 'waiting'")
    return live, waiting


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
