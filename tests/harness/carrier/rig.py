"""One Asterisk and one gateway behind the trunks of a carrier: their configuration, as one YAML file."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exoswitch.config.loader import load
from exoswitch.config.model import Config
from exoswitch.trunks.registry import SETTINGS
from tests.harness.e2e.asterisk_server import CA_FILE
from tests.harness.e2e.gateway import ACCOUNT, API_KEY, API_TOKEN
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.unlimited import UNLIMITED

HOST = "127.0.0.1"
EXOPHONE = "+918047491899"
CAPACITY = 100
RTP_PORTS, FEW_RTP_PORTS = 400, 200

Trunk = dict[str, Any]


def asterisk_section() -> dict[str, Any]:
    """Choose the ports of an Asterisk, and its secret."""
    rtp_ports = free_ports(4 * CAPACITY)
    return {
        "name": "pbx1",
        "ami": f"tcp:{HOST}:{free_port()}",
        "username": "exoswitch",
        "secret": secrets.token_urlsafe(),
        "host": HOST,
        "capacity": CAPACITY,
        "sip": f"{HOST}:{free_ports(2)[0]}",  # TLS takes the next port
        "sip_ca_file": CA_FILE,
        "rtp_ports": f"{rtp_ports[0]}-{rtp_ports[-1]}",
    }


def gateway_file(
    folder: Path, asterisk: Mapping[str, Any], trunks: list[Trunk], *, bot_port: int, **sections: Any
) -> Path:
    """Write the configuration of a gateway, which is also what Asterisk's folder is rendered from.

    `sections` replace sections, or add keys to them.
    """
    http_port, rtp_ports = free_port(), free_ports(RTP_PORTS)
    config: dict[str, Any] = {
        "node": "gw1",
        "gateway": {"capacity": CAPACITY, "stop_wait_s": 1},
        "rtp": {"bind": HOST, "advertise": HOST, "ports": f"{rtp_ports[0]}-{rtp_ports[-1]}", "quarantine_s": 0.2},
        "http": f"tcp:{http_port}:interface={HOST}",
        "sessions": "memory",
        "asterisks": [dict(asterisk)],
        "trunks": trunks,
        "private_networks": ["127.0.0.0/8"],
        "accounts": {ACCOUNT: {"api_key": API_KEY, "api_token": API_TOKEN, **UNLIMITED, "concurrency": 1000}},
        "apps": {"1001": {"account": ACCOUNT, "url": f"ws://{HOST}:{bot_port}/ws"}},
        "numbers": {EXOPHONE: {"account": ACCOUNT, "app": "1001"}},
    }
    for name, value in sections.items():
        config[name] = {**config.get(name, {}), **value} if isinstance(value, dict) else value
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "exoswitch.yaml"
    file.write_text(json.dumps(config, indent=1))  # JSON is YAML
    return file


def as_node(file: Path, name: str, cluster: str, *, pairs: tuple[str, ...]) -> tuple[str, int]:
    """Give the configuration as that of another gateway, one of a fleet, with some pairs only; and its REST port."""
    config, port, rtp_ports = json.loads(file.read_text()), free_port(), free_ports(FEW_RTP_PORTS)
    config |= {"node": name, "cluster": cluster, "http": f"tcp:{port}:interface={HOST}"}
    config["trunks"] = [trunk for trunk in config["trunks"] if trunk["name"].startswith(pairs)]
    config["rtp"]["ports"] = f"{rtp_ports[0]}-{rtp_ports[-1]}"
    return json.dumps(config, indent=1), port


def loaded(file: Path) -> Config:
    """Load a configuration file."""
    return load(file, SETTINGS)


def http_port(file: Path) -> int:
    """Give the port of the gateway's REST API."""
    return int(json.loads(file.read_text())["http"].split(":")[1])
