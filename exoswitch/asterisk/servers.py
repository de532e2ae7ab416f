"""Core: the files for the systems of both servers, beside Asterisk's own: its systemd unit."""

from exoswitch.asterisk.unit import asterisk_unit
from exoswitch.config.model import AsteriskConfig

UNIT = "system/asterisk/asterisk.service"


def system_files(pbx: AsteriskConfig, *, etc_dir: str, state_dir: str | None) -> dict[str, str]:
    """Give the files by their paths in the rendered folder; Asterisk reads none of them."""
    return {UNIT: asterisk_unit(pbx, etc_dir=etc_dir, state_dir=state_dir)}
