"""Root: a running gateway takes its changed configuration file, and drops no call.

A file with a problem changes nothing. What a gateway cannot take while it runs is named, and the rest is taken.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import define, field, frozen
from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.logger import Logger

from exoswitch.asterisk.render import render
from exoswitch.config.changes import Changes, changes
from exoswitch.config.loader import load_with_warnings
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.config.processes import of_process
from exoswitch.config.rules import broken_rules
from exoswitch.configured import rules
from exoswitch.control.messages import Answer, Request
from exoswitch.errors import ConfigError, Problem
from exoswitch.gateway.rules import Rules
from exoswitch.process import behind_audio
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.numbers import mask_in_text
from exoswitch.trunks.registry import SETTINGS, build
from exoswitch.wiring.gateway import Gateway

EXIT_REFUSED = 2
_FIRST, _LAST = 100, 4  # lines that are logged; the last ones say what came of the reload


@frozen
class Outcome:
    """What became of a reload, for the operator; `status` is the exit status of the command."""

    status: int
    lines: tuple[str, ...]


@frozen
class _Read:
    """A file that can be used: what it changes, its new rules, its warnings, and Asterisk's files that differ."""

    changes: Changes
    rules: Rules
    warnings: tuple[str, ...]
    rendered: tuple[str, ...]


@define(eq=False)
class Reload:
    """Reads the gateway's own file again, when it is asked; one reload after the other.

    The file's ``${NAME}`` are those of the gateway's environment, which a running process does not renew. `_process`
    is the number of this one among those that share the file.
    """

    _file: Path
    _environ: Mapping[str, str]
    _gateway: Gateway
    _process: int = 1
    _turns: DeferredLock = field(factory=DeferredLock, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.reload"), init=False)

    def asked(self, request: Request) -> Deferred[Answer]:
        """Answer the command `exoswitch reload`."""
        if Path(request.file) == self._file.resolve():
            outcome = self.run()
        else:
            told = f"the running gateway was started with {self._file}: reload that file"
            outcome = succeed(Outcome(EXIT_REFUSED, (told,)))
        return outcome.addCallback(lambda done: {"status": done.status, "lines": done.lines})

    def signalled(self) -> None:
        """Take the file, unless a reload waits that will do so."""
        if not self._turns.waiting:
            spawn(self.run(), self._log, "the reload")

    @deferred
    async def run(self) -> Outcome:
        """Take the file as it is now; the log has the outcome, too, with the phone numbers masked.

        A problem of each of 5,000 accounts would take the log 170 ms.
        """
        outcome: Outcome = await self._turns.run(self._reload)
        tell = self._log.error if outcome.status else self._log.info
        first, others = outcome.lines[:_FIRST], outcome.lines[_FIRST:]
        for line in first:
            tell("reload: {line}", line=mask_in_text(line))
        if len(others) > _LAST:
            more = len(others) - _LAST
            tell("reload: {more} more lines: see exoswitch check-config {file}", more=more, file=str(self._file))
        for line in others[-_LAST:]:
            tell("reload: {line}", line=mask_in_text(line))
        return outcome

    @deferred
    async def _reload(self) -> Outcome:
        """Read the file in a thread: the audio of all calls goes on meanwhile."""
        try:
            read = await self._gateway.threads["reload"].run(
                self._read, self._gateway.config, self._gateway.rules.now
            )
        except ConfigError as error:
            problems = [str(problem) for problem in error.problems]
            return Outcome(EXIT_REFUSED, (*problems, f"{self._file} cannot be used: nothing was changed"))
        self._gateway.take(read.changes.config, read.rules)
        return Outcome(0, tuple(_told(self._file, read)))

    @behind_audio()
    def _read(self, running: Config, in_force: Rules) -> _Read:
        written, warnings = load_with_warnings(self._file, SETTINGS, self._environ)
        found = changes(running, self._as_this_process(written))
        problems = broken_rules(found.config, frozenset())
        if problems:
            restart = Problem(", ".join(found.need_restart), "these changes need a restart of the gateway, too")
            raise ConfigError((*problems, restart))
        return _Read(
            changes=found,
            rules=rules(found.config, in_force),
            warnings=tuple(f"warning: {warning}" for warning in warnings),
            rendered=tuple(_differing_files(running, found.config)),
        )

    def _as_this_process(self, written: Config) -> Config:
        """Give this process's part of a file; a file for fewer processes is compared as a whole."""
        is_mine = self._process <= written.gateway.processes
        return of_process(written, self._process) if is_mine else written


def _told(file: Path, read: _Read) -> Iterable[str]:
    """Tell what a reload changed, and what it could not change."""
    yield from read.warnings
    if read.changes.need_restart:
        yield f"not taken: {', '.join(read.changes.need_restart)}. Restart the gateway for it"
    if read.rendered:
        yield f"Asterisk needs new files, too: {', '.join(read.rendered)}. See: exoswitch trunks apply --help"
    if read.changes.taken:
        yield f"taken: {', '.join(read.changes.taken)}"
    elif not read.changes.need_restart:
        yield f"{file} has not changed"


def _differing_files(old: Config, new: Config) -> Iterable[str]:
    """Name the files of each Asterisk that `render-asterisk` would now write in another way."""
    for pbx in new.asterisks:
        before, after = (_files(config, pbx) for config in (old, new))
        yield from (f"{name} of {pbx.name}" for name in after if after[name] != before.get(name))


def _files(config: Config, pbx: AsteriskConfig) -> Mapping[str, str]:
    """Render the files; none for an Asterisk whose files are not ours: one behind a UNIX socket."""
    try:
        return render(config, pbx, [build(trunk) for trunk in config.trunks], etc_dir="/etc/asterisk")
    except ConfigError:
        return {}
