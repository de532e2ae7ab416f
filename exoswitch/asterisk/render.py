"""Core: the configuration folder of one Asterisk (22), rendered from exoswitch.yaml."""

from collections.abc import Sequence

from exoswitch.asterisk.checks import problems
from exoswitch.asterisk.dialplan import extensions_conf
from exoswitch.asterisk.manager_conf import manager_conf
from exoswitch.asterisk.media import pjsip_conf, rtp_conf
from exoswitch.asterisk.system import asterisk_conf, fixed_files, modules_conf
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import ConfigError
from exoswitch.interfaces.trunk import ITrunk


def render(
    config: Config, pbx: AsteriskConfig, trunks: Sequence[ITrunk], *, etc_dir: str, state_dir: str | None = None
) -> dict[str, str]:
    """Give every file of the configuration folder of `pbx`, by name.

    `etc_dir` is where Asterisk will see the folder; its run, log, spool and database folders go under `state_dir`, or
    where its distribution has them.

    Raises:
        ConfigError: Asterisk could not work with these settings; everything that is wrong is told at once.
    """
    found = problems(config, pbx, etc_dir=etc_dir, state_dir=state_dir)
    if found:
        raise ConfigError(found)
    return {
        "asterisk.conf": asterisk_conf(pbx, etc_dir=etc_dir, state_dir=state_dir),
        "modules.conf": modules_conf(),
        "manager.conf": manager_conf(pbx, etc_dir=etc_dir),
        "pjsip.conf": pjsip_conf(pbx, trunks),
        "rtp.conf": rtp_conf(pbx),
        "extensions.conf": extensions_conf(config.calls),
        **fixed_files(),
    }
