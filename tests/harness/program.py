"""`twistd exoswitch` in a folder of its own, with a configuration of a test."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.unlimited import UNLIMITED

TWISTD = Path(sys.executable).with_name("twistd")
HOST = "127.0.0.1"


def config_of(
    asterisk: Any, bot_url: str = "ws://127.0.0.1:1/", gateway: Mapping[str, object] | None = None, **keys: object
) -> dict[str, object]:
    """Give a configuration for this simulated Asterisk; `keys` are further keys of the file."""
    pbx = {"ami": asterisk.endpoint, "username": asterisk.username, "secret": asterisk.secret, "host": HOST}
    ports = free_ports(60)
    return {
        "http": f"tcp:{free_port()}:interface={HOST}",
        "rtp": {"bind": HOST, "ports": f"{ports.start}-{ports.stop - 1}"},
        "gateway": {"capacity": 4, **(gateway or {})},
        "asterisks": [{"name": "pbx", **pbx}],
        "trunks": [{"name": "lab", "provider": "sip", "host": HOST}],
        "accounts": {"acme1": {"api_key": "key", "api_token": "a-token-of-many-letters", **UNLIMITED}},
        "apps": {"1001": {"account": "acme1", "url": bot_url}},
        "numbers": {"+918047491899": {"account": "acme1", "app": "1001"}},
        **keys,
    }


@define
class Program:
    """The program: its folder, and its process once it is started."""

    folder: Path
    config: dict[str, object]
    process: "subprocess.Popen[str]" = field(init=False)

    def command(self, *options: str) -> list[str]:
        """Write the configuration; give the command that starts the program."""
        (self.folder / "gateway.yaml").write_text(json.dumps(self.config))  # JSON is YAML
        return [str(TWISTD), *options, "exoswitch", "--config", "gateway.yaml"]

    def start(self, *options: str) -> None:
        """Start it in the foreground; its output goes to the file `out`."""
        with (self.folder / "out").open("w") as out:
            self.process = subprocess.Popen(
                self.command("-n", *options), cwd=self.folder, stdout=out, stderr=out, text=True
            )

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Run it until it ends, or until its first process ends."""
        return subprocess.run(
            self.command(*options), cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def output(self) -> str:
        """The output until now."""
        return (self.folder / "out").read_text()

    @property
    def url(self) -> str:
        """The address of its HTTP server."""
        return f"http://{HOST}:{str(self.config['http']).split(':')[1]}"

    def end(self) -> None:
        """Kill it, if it still runs."""
        if hasattr(self, "process"):
            self.process.kill()
            self.process.wait()
