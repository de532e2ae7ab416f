"""Core: what would make a rendered Asterisk refuse its configuration, or fall over under load."""

import re
from collections.abc import Iterator

from exoswitch.asterisk.addresses import ami_address, is_ip, sip_address
from exoswitch.asterisk.conf import is_plain
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import Problem

# A call has two legs, and each binds a port for RTP and the next one for RTCP. Running out of them crashed Asterisk
# 22.9.0 (asterisk issue 1757).
RTP_PORTS_PER_CALL = 4

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_PATH = re.compile(r"/[A-Za-z0-9_./+@-]*")


def problems(config: Config, pbx: AsteriskConfig, *, etc_dir: str, state_dir: str | None) -> tuple[Problem, ...]:
    """Find everything that is wrong with rendering this Asterisk, each with its path in the configuration file."""
    path = f"asterisks[{config.asterisks.index(pbx)}]"
    return (
        *_of_credentials(pbx, path),
        *_of_addresses(pbx, path),
        *_of_ports(pbx, path),
        *_of_folders(etc_dir, state_dir),
    )


def _of_credentials(pbx: AsteriskConfig, path: str) -> Iterator[Problem]:
    for field, value in (("name", pbx.name), ("username", pbx.username)):
        if not _NAME.fullmatch(value) or value == "general":
            yield Problem(f"{path}.{field}", "must be letters, digits, - and _, and not 'general'")
    if not pbx.secret or not is_plain(pbx.secret):
        yield Problem(f"{path}.secret", "must be one line that neither begins nor ends with a blank")


def _of_addresses(pbx: AsteriskConfig, path: str) -> Iterator[Problem]:
    for field, value, read in (("ami", pbx.ami, ami_address), ("sip", pbx.sip, sip_address)):
        try:
            read(value)
        except ValueError as error:
            yield Problem(f"{path}.{field}", str(error))
    if not is_ip(pbx.host):
        yield Problem(f"{path}.host", "must be an IP address: AMI listens there if ami: gives a host name")


def _of_ports(pbx: AsteriskConfig, path: str) -> Iterator[Problem]:
    ports = pbx.rtp_ports
    if not ports or ports.step != 1 or not 1024 <= ports.start <= ports[-1] < 65536:
        yield Problem(f"{path}.rtp_ports", "must be a range of ports between 1024 and 65535")
        return
    # Asterisk binds RTP to even ports only, so a range that begins with an odd one loses it.
    holds = (len(ports) - ports.start % 2) // RTP_PORTS_PER_CALL
    if pbx.capacity > holds:
        text = (
            f"{pbx.capacity} calls need {pbx.capacity * RTP_PORTS_PER_CALL} RTP ports, {RTP_PORTS_PER_CALL} each, "
            f"but rtp_ports holds {holds} calls: widen it, or lower the capacity"
        )
        yield Problem(f"{path}.rtp_ports", text)


def _of_folders(etc_dir: str, state_dir: str | None) -> Iterator[Problem]:
    for option, folder in (("--etc-dir", etc_dir), ("--state-dir", state_dir)):
        if folder is not None and not _PATH.fullmatch(folder):
            yield Problem(option, "must be an absolute path without blanks or special characters")
