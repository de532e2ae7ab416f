"""One real Asterisk, started with a rendered configuration folder; it ends with the tests."""

import secrets
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import define, field

from exoswitch.asterisk.conf import section
from exoswitch.asterisk.folder import write
from exoswitch.asterisk.manager_conf import READ
from exoswitch.asterisk.render import render
from exoswitch.asterisk.system import STATE_FOLDERS
from exoswitch.config.model import AsteriskConfig, CallsConfig, Config
from exoswitch.config.sip_trunk import OptionsConfig
from exoswitch.network.addresses import Endpoint
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings
from tests.harness.certificates import Authority
from tests.harness.e2e.ami import Ami
from tests.harness.e2e.ports import free_port, free_ports

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
PLAIN_AMI_PORT = 5038

# Asterisk's path of its folder: bound over /mnt of the root, in a mount name space that ends with the process. So
# nothing stays mounted, and the root is never written to.
FOLDER = "/mnt"
ETC_DIR = f"{FOLDER}/etc"
CA_FILE = f"{ETC_DIR}/ca.pem"
STATE_DIR = f"{FOLDER}/state"
# More AMI users with the same secret: one with read-only rights, one with all rights.
REPORTER = "reporter"
OPERATOR = "operator"

# Not about its files: it may look at a trunk before it says that it is ready, and loopback reaches no carrier.
# PJSIP's modules race while they load on a busy machine.
_OTHER_WORDS = ("sending OPTIONS request", "registered during operation")

# The last step is an exec, so our child becomes Asterisk. It gets SIGKILL if the tests die first.
_START = """\
set -e
mount --rbind /dev "$0/dev"
mount -t proc proc "$0/proc"
mount --bind "$1" "$0/mnt"
mount --bind "$1/hosts" "$0/etc/hosts"
test ! -f "$1/resolv.conf" || mount --bind "$1/resolv.conf" "$0/etc/resolv.conf"
exec chroot "$0" asterisk -C "$2" -f -n
"""


def lab_config(capacity: int, calls: CallsConfig) -> Config:
    """Make the configuration of an Asterisk on this machine, with a trunk `lab`, and one that never answers."""
    pbx = AsteriskConfig(
        name="pbx1",
        ami=f"tcp:127.0.0.1:{free_port()}",
        username="exoswitch",
        secret=secrets.token_urlsafe() + ";#",
        host="127.0.0.1",
        capacity=capacity,
        sip=f"127.0.0.1:{free_port()}",
        rtp_ports=free_ports(4 * capacity),
        sip_ca_file=CA_FILE,
    )
    trunks = tuple(
        SipSettings(
            name=name,
            provider="sip",
            host=host,
            port=free_port(),
            codecs=("ulaw",),
            cps=50.0,
            options=OptionsConfig(every_s=3600),  # A test says itself when Asterisk looks.
        )
        for name, host in (("lab", "127.0.0.1"), ("dead", "127.0.0.2"))
    )
    return Config(asterisks=(pbx,), trunks=trunks, calls=calls)


def complaints(log: str) -> list[str]:
    """Give the warnings and errors in Asterisk's log of its start that are about its files."""
    told = [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line]
    return [line for line in told if not any(words in line for words in _OTHER_WORDS)]


class AsteriskStartError(Exception):
    """Asterisk did not start, or ended by itself; the text has its log."""


@define
class AsteriskServer:
    """A context manager: inside it Asterisk runs, fully booted.

    `folder` holds the rendered files, then Asterisk's logs; `start_log` is all that it logged until it was up.
    Asterisk finds the host names `names` at 127.0.0.1. It asks `nameserver` for others, by default the machine's own.
    Trunks over TLS have certificates of `authority`.
    """

    root: Path
    folder: Path
    config: Config
    names: tuple[str, ...] = ()
    authority: Authority = field(factory=Authority)
    nameserver: str = ""
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    start_log: str = field(default="", init=False)

    @property
    def pbx(self) -> AsteriskConfig:
        """This Asterisk in the configuration."""
        return self.config.asterisks[0]

    @property
    def ami_host(self) -> str:
        """The address of its unencrypted AMI."""
        endpoint = Endpoint.of(self.pbx.ami)
        return "127.0.0.1" if endpoint.kind == "tls" else endpoint.address.host

    @property
    def ami_port(self) -> int:
        """The port of its unencrypted AMI, on 127.0.0.1; with TLS it is Asterisk's default."""
        endpoint = Endpoint.of(self.pbx.ami)
        return PLAIN_AMI_PORT if endpoint.kind == "tls" else endpoint.address.port

    @property
    def sip_port(self) -> int:
        """The port of its SIP transport, on 127.0.0.1."""
        return int(self.pbx.sip.rsplit(":", 1)[1])

    @property
    def trunk_port(self) -> int:
        """The port on 127.0.0.1 where the trunk `lab` is expected, for calls that go out."""
        return self.config.trunks[0].port

    def login(self, username: str = "") -> Ami:
        """Open an AMI session, by default as the gateway's user."""
        return Ami.login((self.ami_host, self.ami_port), username or self.pbx.username, self.pbx.secret)

    def log(self) -> str:
        """Give Asterisk's log and output so far."""
        files = (self.folder / "state" / "log" / "messages.log", self.folder / "output.log")
        return "\n".join(path.read_text(errors="replace") for path in files if path.exists())

    def render(self, config: Config) -> None:
        """Write Asterisk's files for this configuration; a running Asterisk reads them when it reloads."""
        trunks = [build(trunk) for trunk in config.trunks]
        files = render(config, self.pbx, trunks, etc_dir=ETC_DIR, state_dir=STATE_DIR)
        secret = ("secret", self.pbx.secret)
        reporter = section(REPORTER, (secret, ("read", READ), ("write", "reporting")))
        operator = section(OPERATOR, (secret, ("read", READ), ("write", "all")))
        write(self.folder / "etc", {**files, "manager.conf": f"{files['manager.conf']}\n{reporter}\n{operator}"})

    def __enter__(self) -> Self:
        self.render(self.config)
        if self.nameserver:
            (self.folder / "resolv.conf").write_text(f"nameserver {self.nameserver}\noptions timeout:1 attempts:1\n")
        hosts = (self.root / "etc" / "hosts").read_text()
        (self.folder / "hosts").write_text(hosts + "".join(f"127.0.0.1 {name}\n" for name in self.names))
        (self.folder / "etc" / "ca.pem").write_bytes(self.authority.pem)
        for name in STATE_FOLDERS:
            (self.folder / "state" / name).mkdir(parents=True)
        command = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "sh", "-c", _START)
        with (self.folder / "output.log").open("wb") as output:
            self.process = subprocess.Popen(
                (*command, str(self.root), str(self.folder), f"{ETC_DIR}/asterisk.conf"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            self._await_boot()
            self.start_log = self.log()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._stop()

    def _await_boot(self) -> None:
        """Wait until AMI answers and says FullyBooted: an Originate before that fails."""
        assert self.process is not None
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up_at:
            if self.process.poll() is not None:
                raise AsteriskStartError(f"Asterisk ended with {self.process.returncode}:\n{self.log()}")
            try:
                with self.login() as ami:
                    ami.wait_for("FullyBooted", timeout_s=START_TIMEOUT_S)
            except (ConnectionError, TimeoutError):
                time.sleep(0.05)
            else:
                return
        raise AsteriskStartError(f"Asterisk was not up in {START_TIMEOUT_S} s:\n{self.log()}")

    def _stop(self) -> None:
        """End Asterisk: by SIGTERM, then by SIGKILL."""
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
