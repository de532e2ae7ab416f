"""Port: loads a configuration file: a checked `Config`, or all of its problems."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from exoswitch.config import yaml_file
from exoswitch.config.addresses import beside
from exoswitch.config.advice import warnings
from exoswitch.config.exposure import exposed
from exoswitch.config.failover_advice import failover_warnings
from exoswitch.config.model import Config, RecordingsConfig, TrunkConfig
from exoswitch.config.own_addresses import strange
from exoswitch.config.placeholders import Surroundings
from exoswitch.config.reading import Reader
from exoswitch.config.rules import broken_rules
from exoswitch.errors import ConfigError, Problem

_EXIT_PROBLEMS = 2
_LARGEST_BYTES = 16 * 1024 * 1024

Providers = Mapping[str, type[TrunkConfig]]


def load(path: str | os.PathLike[str], providers: Providers, environ: Mapping[str, str] | None = None) -> Config:
    """Read a configuration file.

    `providers` gives each trunk provider's class of settings. Placeholders take their values from `environ`, by
    default the environment of this process.

    Raises:
        ConfigError: the file cannot be used; all its problems are in it, broken rules between values last.
    """
    return load_with_warnings(path, providers, environ)[0]


def load_with_warnings(
    path: str | os.PathLike[str], providers: Providers, environ: Mapping[str, str] | None = None
) -> tuple[Config, list[Problem]]:
    """Read a configuration file as `load` does; give also what is allowed but looks like a mistake.

    Raises:
        ConfigError: as `load` does.
    """
    file = Path(path)
    tree, problems = _parse(file)
    reader = Reader(Surroundings(os.environ if environ is None else environ, file.parent), providers)
    config = _beside_the_file(_with_common_streams(reader.section(Config, tree), tree), tree, file.parent)
    unread = {problem.path for problem in reader.problems}
    problems += reader.problems + broken_rules(config, unread)
    if problems:
        raise ConfigError(tuple(problems))
    secrets = [file] * reader.has_secret + sorted(reader.surroundings.files)
    return config, [*warnings(config), *failover_warnings(config), *strange(config), *exposed(secrets)]


def report(
    path: str | os.PathLike[str], providers: Providers, environ: Mapping[str, str] | None = None
) -> tuple[str, int]:
    """Give a summary of a configuration file and its warnings, or all its problems, and the exit status: 0 or 2."""
    try:
        config, found = load_with_warnings(path, providers, environ)
    except ConfigError as error:
        count = len(error.problems)
        total = "1 problem" if count == 1 else f"{count} problems"
        return "\n".join([*map(str, error.problems), f"{total} in {path}"]), _EXIT_PROBLEMS
    lines = (f"warning: {problem}" for problem in found)
    return "\n".join([*_summary(config), *lines, f"{path} is good"]), 0


def _with_common_streams(config: Config, tree: yaml_file.Tree) -> Config:
    """Let each app inherit from `streams` the keys that it does not have."""
    written = tree.get("apps") if isinstance(tree, dict) else None
    if not isinstance(written, dict):
        return config
    common = attrs.asdict(config.streams)
    apps = {
        name: attrs.evolve(app, **{key: value for key, value in common.items() if key not in entry})
        for (name, app), entry in zip(config.apps.items(), written.values(), strict=True)
        if isinstance(entry, dict)
    }
    return attrs.evolve(config, apps={**config.apps, **apps})


def _beside_the_file(config: Config, tree: yaml_file.Tree, folder: Path) -> Config:
    """Make the default places of sessions and recordings relative to the file."""
    is_named = isinstance(tree, dict) and "journal" in tree
    journal = config.journal if is_named else str(folder.absolute() / config.journal)
    recordings = config.recordings
    if recordings.folder == RecordingsConfig().folder:
        recordings = attrs.evolve(recordings, folder=str(folder.absolute() / recordings.folder))
    return attrs.evolve(config, sessions=beside(config.sessions, folder), journal=journal, recordings=recordings)


def _parse(file: Path) -> tuple[yaml_file.Tree, list[Problem]]:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigError((Problem(str(file), f"cannot be read: {error.strerror}"),)) from None
    if len(data) > _LARGEST_BYTES:
        raise ConfigError((Problem(str(file), f"is larger than {_LARGEST_BYTES // 1024**2} MiB"),))
    return yaml_file.parse(data)


def _summary(config: Config) -> Iterator[str]:
    """List the names of all entries, and no values."""
    yield f"node       {config.node}"
    for section in ("asterisks", "trunks", "accounts", "apps", "numbers"):
        entries = [getattr(entry, "name", entry) for entry in getattr(config, section)]
        yield f"{section:<10} {', '.join(entries) or 'none'}"
