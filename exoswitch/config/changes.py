"""Port: what a running gateway can take from its changed configuration file, and what needs a restart."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import attrs
from attrs import frozen

from exoswitch.config.model import Config

T = TypeVar("T")

_TAKEN = frozenset(
    {"trunks", "routing", "private_networks", "accounts", "callbacks", "streams", "apps", "numbers", "billing"}
)
_NOT_TAKEN_OF_CALLS = "waiting_sound"
_WITHOUT_NAMES = "numbers"  # phone numbers do not reach logs


@frozen
class Changes:
    """The differences of two configurations.

    `config` is the running one with all that it can take from the other one. `taken` describes these changes, and
    `need_restart` names the keys of the others; neither contains a value.
    """

    config: Config
    taken: tuple[str, ...]
    need_restart: tuple[str, ...]


def changes(running: Config, written: Config) -> Changes:
    """Compare the configuration that runs with the one that is written in the file."""
    taken: list[str] = []
    need_restart: list[str] = []
    new: dict[str, Any] = {}
    for key in (spec.name for spec in attrs.fields(Config)):
        old, value = getattr(running, key), getattr(written, key)
        if old == value:
            continue
        if key in _TAKEN:
            taken.append(_described(key, old, value))
            new[key] = reusing(old, value) if isinstance(value, Mapping) else value
        elif key == "calls":
            new[key] = attrs.evolve(value, waiting_sound=old.waiting_sound)
            for path in _paths(key, old, value):
                (need_restart if path.endswith(_NOT_TAKEN_OF_CALLS) else taken).append(path)
        else:
            need_restart += _paths(key, old, value)
    return Changes(attrs.evolve(running, **new), tuple(taken), tuple(need_restart))


def reusing(old: Mapping[str, T], new: Mapping[str, T]) -> Mapping[str, T]:
    """Give new entries; one that is as before is the old object.

    So a reload in which little has changed leaves little: the garbage collector does not walk thousands of accounts,
    and no audio waits for it.
    """
    return {name: old[name] if old.get(name) == entry else entry for name, entry in new.items()}


def _paths(key: str, old: Any, new: Any) -> Iterator[str]:
    """Give the paths of the keys that differ: those of a section, or the key itself."""
    if not attrs.has(type(old)):
        yield key
        return
    for spec in attrs.fields(type(old)):
        if getattr(old, spec.name) != getattr(new, spec.name):
            yield f"{key}.{spec.name}"


def _described(key: str, old: Any, new: Any) -> str:
    """Describe a change of a section by the names of its entries: ``trunks (new: bsnl1; changed: lab)``."""
    before, after = _entries(old), _entries(new)
    if key == _WITHOUT_NAMES or before is None or after is None:
        return key
    kinds = {
        "new": [name for name in after if name not in before],
        "changed": [name for name in after if name in before and after[name] != before[name]],
        "removed": [name for name in before if name not in after],
    }
    parts = [f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names]
    return f"{key} ({'; '.join(parts) or 'in another order'})"


def _entries(section: Any) -> Mapping[str, Any] | None:
    """Give the entries of a section by name; None if they have no names."""
    if isinstance(section, Mapping):
        return section
    if isinstance(section, tuple) and all(hasattr(entry, "name") for entry in section):
        return {entry.name: entry for entry in section}
    return None
