"""Core: the folder of one Asterisk (22), rendered from exoswitch.yaml: its configuration, and `system/`."""

import re
from collections.abc import Iterator, Sequence

from exoswitch.asterisk.carriers import Carrier
from exoswitch.asterisk.dialplan import extensions_conf
from exoswitch.asterisk.manager_conf import manager_conf
from exoswitch.asterisk.pjsip import pjsip_conf
from exoswitch.asterisk.servers import system_files
from exoswitch.asterisk.system import asterisk_conf, features_conf, fixed_files, modules_conf, rtp_conf
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import ConfigError, Problem
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.network.addresses import Endpoint

_PATH = re.compile(r"/[A-Za-z0-9_./+@-]*")


def render(
    config: Config, pbx: AsteriskConfig, trunks: Sequence[ITrunk], *, etc_dir: str, state_dir: str | None = None
) -> dict[str, str]:
    """Give every file of the folder of `pbx`, by its path there; Asterisk reads none that is in a subfolder.

    `etc_dir` is the path of the folder as Asterisk sees it. Its run, log, spool and database folders go under
    `state_dir`, or where its distribution has them.

    Raises:
        ConfigError: Asterisk or its server cannot work with a setting or an option; all such problems are in it.
    """
    problems = (*_ami_problems(config, pbx), *_folder_problems(etc_dir, state_dir))
    if problems:
        raise ConfigError(problems)
    return {
        "asterisk.conf": asterisk_conf(pbx, etc_dir=etc_dir, state_dir=state_dir),
        "modules.conf": modules_conf(),
        "manager.conf": manager_conf(pbx, etc_dir=etc_dir),
        "pjsip.conf": pjsip_conf(pbx, trunks),
        "rtp.conf": rtp_conf(pbx),
        "extensions.conf": extensions_conf(config.calls),
        "features.conf": features_conf(etc_dir=etc_dir),
        **fixed_files(),
        **system_files(config, pbx, [Carrier.of(trunk) for trunk in trunks], etc_dir=etc_dir, state_dir=state_dir),
    }


def _ami_problems(config: Config, pbx: AsteriskConfig) -> Iterator[Problem]:
    kind = Endpoint.of(pbx.ami).kind
    if kind not in {"tcp", "tls"}:
        path = f"asterisks[{config.asterisks.index(pbx)}].ami"
        yield Problem(path, f"Asterisk cannot listen on {kind!r}; write tcp:HOST:PORT or tls:HOST:PORT")


def _folder_problems(etc_dir: str, state_dir: str | None) -> Iterator[Problem]:
    for option, folder in (("--etc-dir", etc_dir), ("--state-dir", state_dir)):
        if folder is not None and not _PATH.fullmatch(folder):
            yield Problem(option, "must be an absolute path of letters, digits and . _ + @ - only")
