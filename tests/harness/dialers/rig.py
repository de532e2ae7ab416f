"""A whole gateway for the tests of dialers: three programs: `twistd exoswitch` with TLS, an Asterisk and a bot.

Each dialer has an account of its own, so that lists and limits of one do not depend on the others.
"""

import base64
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

import requests
from attrs import define, field, frozen
from cryptography import x509

from tests.harness.certificates import Authority
from tests.harness.dialers.receiver import Receiver
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.unlimited import UNLIMITED

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[3]
PINNED = ("api.exotel.com", "api.in.exotel.com", "my.exotel.com", "twilix.exotel.in")
DOCUMENTED = "acme1"  # the account of the documentation, with its number and its app
ACCOUNTS = (
    "bots",
    "curl",
    "dotnet",
    "exotel",
    "exotelpy",
    "frappe",
    "other",
    "pinned",
    "pyexotel",
    "reconcilers",
    "services",
    "xml",
    "zoho",
)
WITHIN_S = 60.0
POLL_S = 0.1

CUSTOMER, AGENT, BUSY, ABSENT = "09812345610", "09812345620", "09812345601", "09812345602"
SCRIPTS = {
    CUSTOMER: "answer-after=0.1 babble=0.6 hangup",
    AGENT: "answer-after=0.1 wait",
    BUSY: "busy",
    ABSENT: "no-answer",
}
CLI = "import sys; from exoswitch.cli import main; sys.exit(main(sys.argv[1:]))"
TWISTD = str(Path(sys.executable).with_name("twistd"))


@frozen
class DialerAccount:
    """An account as its dialer knows it; `exophone` in the form of a dialer, `number` in E.164."""

    sid: str
    number: str
    app: str

    @property
    def key(self) -> str:
        """The API key."""
        return f"key-of-{self.sid}"

    @property
    def token(self) -> str:
        """The API token."""
        return f"token-of-{self.sid}"

    @property
    def exophone(self) -> str:
        """The account's number, as Indian dialers write it."""
        return "0" + self.number.removeprefix("+91")

    @property
    def flow(self) -> str:
        """The URL of its flow."""
        return f"http://my.exotel.com/{self.sid}/exoml/start_voice/{self.app}"


@define(eq=False)
class Rig:
    """A context manager: the gateway serves inside it. The files of all programs are in `folder`."""

    folder: Path
    authority: Authority = field(factory=Authority, init=False)
    receiver: Receiver = field(init=False)
    port: int = field(factory=free_port, init=False)
    _bot_port: int = field(factory=free_port, init=False)
    _ami_port: int = field(factory=free_port, init=False)
    _programs: ExitStack = field(factory=ExitStack, init=False)

    def __enter__(self) -> Self:
        with ExitStack() as started:
            self._programs = started
            self.ca.write_bytes(self.authority.pem)
            names = [x509.IPAddress(ipaddress.ip_address(HOST)), *map(x509.DNSName, ("localhost", *PINNED))]
            (self.folder / "gateway.pem").write_bytes(self.authority.issue_pem(*names))
            self.receiver = started.enter_context(Receiver(self.folder))
            self._start_far_side()
            (self.folder / "gateway.yaml").write_text(json.dumps(self.config(), indent=1))  # JSON is YAML
            gateway = self._start("gateway", [TWISTD, "-n", "--pidfile=", "exoswitch", "--config", "gateway.yaml"])
            self._wait_until_ready(gateway)
            self._programs = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._programs.close()

    # --- what a dialer needs

    @property
    def host(self) -> str:
        """The host and port of the API."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"https://{self.host}"

    @property
    def ca(self) -> Path:
        """The certificate of the authority that the gateway's own is signed by."""
        return self.folder / "ca.pem"

    @property
    def bot_url(self) -> str:
        """The URL of the bot."""
        return f"ws://{HOST}:{self._bot_port}/"

    @staticmethod
    def account(name: str) -> DialerAccount:
        """Give the account of a dialer."""
        if name == DOCUMENTED:
            return DialerAccount(name, "+918047491899", "1001")
        place = ACCOUNTS.index(name)
        return DialerAccount(name, f"+9180474918{place:02}", f"20{place:02}")

    # --- how tests look at it

    def get(self, account: DialerAccount, path: str, **parameters: str) -> requests.Response:
        """Request a path below the account of version 1 with the key and the token."""
        return requests.get(
            f"{self.url}/v1/Accounts/{account.sid}{path}",
            params=parameters,
            auth=(account.key, account.token),
            verify=str(self.ca),
            timeout=WITHIN_S,
        )

    def connect(self, account: DialerAccount, **form: Any) -> requests.Response:
        """Place a call with this form, the key and the token; a list is sent as a repeated name."""
        return requests.post(
            f"{self.url}/v1/Accounts/{account.sid}/Calls/connect.json",
            data=form,
            auth=(account.key, account.token),
            verify=str(self.ca),
            timeout=WITHIN_S,
        )

    def ended(self, account: DialerAccount, call_sid: str) -> dict[str, Any]:
        """Wait until a call is over; give its record."""

        def record() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(account, f"/Calls/{call_sid}.json").json()["Call"]
            return found if found["EndTime"] else None

        return until(record, f"call {call_sid} does not end")

    def raw(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send these bytes over TLS; give the status, the headers (lower case) and the body of the answer."""
        context = ssl.create_default_context(cafile=str(self.ca))
        with (
            closing(socket.create_connection((HOST, self.port), timeout=WITHIN_S)) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as secure,
        ):
            secure.sendall(request)
            data = b"".join(iter(lambda: secure.recv(65_536), b""))
        head, _, body = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return int(status.split()[1]), headers, body

    @staticmethod
    def basic(account: DialerAccount) -> bytes:
        """Give the header with the credentials of an account."""
        return b"Authorization: Basic " + base64.b64encode(f"{account.key}:{account.token}".encode())

    def log(self) -> str:
        """The end of the gateway's log."""
        return (self.folder / "gateway.log").read_text(errors="replace")[-6000:]

    # --- its parts

    def config(self) -> dict[str, object]:
        """Give the configuration of the gateway."""
        rtp = free_ports(180)
        certificate = self.folder / "gateway.pem"
        accounts = [self.account(name) for name in (DOCUMENTED, *ACCOUNTS)]
        return {
            "http": f"ssl:{self.port}:interface={HOST}:privateKey={certificate}:certKey={certificate}",
            "rtp": {"bind": HOST, "ports": f"{rtp.start}-{rtp.stop - 1}"},
            "gateway": {"capacity": 40},
            "sessions": "sqlite:///calls.db",
            "asterisks": [
                {
                    "name": "pbx",
                    "ami": f"tcp:{HOST}:{self._ami_port}",
                    "username": "exoswitch",
                    "secret": "secret",
                    "host": HOST,
                }
            ],
            "trunks": [{"name": "lab", "provider": "sip", "host": HOST, "cost": {"rate": "0.30", "pulse": "60"}}],
            "private_networks": ["127.0.0.0/8"],
            "accounts": {
                account.sid: {
                    "api_key": account.key,
                    "api_token": account.token,
                    "stream_hosts": [HOST],
                    "sip_hosts": [HOST],
                    **UNLIMITED,
                }
                for account in accounts
            },
            "apps": {account.app: {"account": account.sid, "url": self.bot_url} for account in accounts},
            "numbers": {account.number: {"account": account.sid, "app": account.app} for account in accounts},
        }

    def _start_far_side(self) -> None:
        scripts = [word for number, script in SCRIPTS.items() for word in ("--script-of", e164(number), script)]
        self._start_sim("bot", "--port", str(self._bot_port))
        self._start_sim("asterisk", "--ami-port", str(self._ami_port), *scripts)

    def _start_sim(self, kind: str, *options: str) -> None:
        self._start(kind, [sys.executable, "-c", CLI, "sim", kind, *options])
        until(
            lambda: "simulated" in (self.folder / f"{kind}.log").read_text(), f"the simulated {kind} does not start"
        )

    def _start(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", *command],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
        self._programs.callback(process.wait)
        self._programs.callback(process.kill)
        return process

    def _wait_until_ready(self, gateway: "subprocess.Popen[bytes]") -> None:
        def is_ready() -> bool:
            assert gateway.poll() is None, self.log()
            try:
                return requests.get(f"{self.url}/readyz", verify=str(self.ca), timeout=WITHIN_S).ok
            except requests.ConnectionError:
                return False

        until(is_ready, "the gateway does not get ready")


def e164(number: str) -> str:
    """Give a number of an Indian dialer as the trunk dials it."""
    return "+91" + number.removeprefix("0")


def until(condition: Callable[[], Any], complaint: str) -> Any:
    """Wait until a condition gives something true; give it."""
    deadline = time.monotonic() + WITHIN_S
    while not (outcome := condition()):
        assert time.monotonic() < deadline, complaint
        time.sleep(POLL_S)
    return outcome
