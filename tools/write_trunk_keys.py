"""Writes docs/trunk-keys.md from the providers' classes of settings; a test compares the two."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from exoswitch.config.model import TrunkConfig
from exoswitch.trunks.registry import BUILT_IN

PAGE = Path(__file__).parents[1] / "docs" / "trunk-keys.md"

HEAD = """\
# The keys of a trunk, and their defaults with each provider

[etc/exoswitch.yaml](../etc/exoswitch.yaml) explains each key. A provider differs from `sip` in the defaults below,
and in its rules. Any default can be changed, unless `check-config` says that the carrier refuses it.

`python tools/write_trunk_keys.py` writes this page.
"""

# Values for the keys without a default; some defaults follow from them.
_EXAMPLE = {"name": "n", "host": "h", "proxy": "p", "account_sid": "ACCOUNT_SID", "termination": "TERMINATION"}


def page() -> str:
    """Write the page."""
    providers = {name: _defaults(name) for name in BUILT_IN}
    keys = list(dict.fromkeys(key for defaults in providers.values() for key in defaults))
    common = set(attrs.fields_dict(TrunkConfig)) - {"cps"}
    rows = [
        key for key in keys if key not in common and len({defaults.get(key) for defaults in providers.values()}) > 1
    ]
    return "\n".join([HEAD, *_table(providers, rows), ""])


def _table(providers: dict[str, dict[str, str]], rows: list[str]) -> Iterator[str]:
    yield f"| key | {' | '.join(providers)} |"
    yield "|---" * (len(providers) + 1) + "|"
    for key in rows:
        yield f"| `{key}` | {' | '.join(defaults.get(key, '') for defaults in providers.values())} |"


def _defaults(name: str) -> dict[str, str]:
    cls = BUILT_IN[name].settings
    required = [spec.name for spec in attrs.fields(cls) if spec.default is attrs.NOTHING]
    settings = cls(**{key: _EXAMPLE.get(key, name) for key in required})
    return {
        spec.name: "required" if spec.name in required else _written(getattr(settings, spec.name))
        for spec in attrs.fields(cls)
    }


def _written(value: Any) -> str:
    """Write a default as in YAML."""
    if value is None or value is False:
        return "no"
    if value is True:
        return "yes"
    if attrs.has(type(value)):
        return ", ".join(f"{key} {_written(part)}" for key, part in attrs.asdict(value).items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value or "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
