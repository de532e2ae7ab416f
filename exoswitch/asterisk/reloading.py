"""Core: how a running Asterisk takes a changed folder: which modules to reload, and what needs a restart.

Calls go on during a reload. Transports and timers are read only when Asterisk starts ("not reloadable, maintaining
previous values", 22.10).
"""

import re
from collections.abc import Iterator, Mapping

from exoswitch.ami.trunks import RELOADED_MODULE
from exoswitch.asterisk.servers import SYSTEM

MODULES: Mapping[str, str] = {
    "pjsip.conf": RELOADED_MODULE,
    "extensions.conf": "pbx_config.so",
    "rtp.conf": "res_rtp_asterisk.so",
    "manager.conf": "manager",
    "logger.conf": "logger",
    "indications.conf": "indications",
}

_TYPE = re.compile(r"^type = (?:transport|system)$", re.MULTILINE)


def modules_to_reload(live: Mapping[str, str], rendered: Mapping[str, str]) -> list[str]:
    """Give the modules of the changed files; that of the trunks is always among them, and is the first."""
    return [
        module
        for name, module in MODULES.items()
        if name in rendered and (module == RELOADED_MODULE or live.get(name) != rendered[name])
    ]


def restarts_needed(live: Mapping[str, str], rendered: Mapping[str, str]) -> Iterator[str]:
    """Name the changes that Asterisk takes only when it starts."""
    for name in sorted(rendered):
        changed = live.get(name) != rendered[name]
        if changed and name not in MODULES and not name.startswith(SYSTEM):
            yield name
    before, after = _fixed(live.get("pjsip.conf", "")), _fixed(rendered["pjsip.conf"])
    for header in dict.fromkeys((*before, *after)):
        if before.get(header) != after.get(header):
            yield f"{header} in pjsip.conf"


def _fixed(pjsip: str) -> dict[str, str]:
    """Give the sections of transports and timers, by their headers."""
    return {text.partition("\n")[0]: text.strip() for text in pjsip.split("\n\n") if _TYPE.search(text)}
