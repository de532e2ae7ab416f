"""Root: the command `exoswitch certify`: its options, its output files and its exit status."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from exoswitch.audio.frames import FRAME_S
from exoswitch.certify.catalogue import catalogue
from exoswitch.certify.hearing import WORD_TICKS, is_audible
from exoswitch.certify.judge import MESSAGES, MESSAGES_SHOWS
from exoswitch.certify.replay import replay_of
from exoswitch.certify.report import as_json, as_junit
from exoswitch.certify.run import certify, name_of
from exoswitch.certify.scenario import Scenario, Terms
from exoswitch.certify.screen import Screen
from exoswitch.certify.verdict import Report
from exoswitch.config.files import read_sound
from exoswitch.config.kinds import Unreadable
from exoswitch.errors import InvalidValue
from exoswitch.exotel.trace.reading import read_trace
from exoswitch.exotel.trace.trace import Trace, TraceError
from exoswitch.sim import sounds
from exoswitch.telephony.numbers import normalise

EXIT_FAILED = 1
EXIT_MISUSED = 2

_LONGEST_SPEECH_S = 30.0
_LARGEST_TRACE = 200_000_000  # more than `--save` writes
_REMEDY = "make one with: ffmpeg -i SOUND -ar 8000 -ac 1 -c:a pcm_s16le question.wav"

Run = Callable[[Callable[[Any], Deferred[int]]], int]
"""Runs the reactor until a Deferred fires; gives its result."""


def run(options: argparse.Namespace, run_reactor: Run) -> int:
    """Run the command; give its exit status."""
    screen = Screen(sys.stdout)
    try:
        if options.list:
            return _list(screen)
        _refuse_contradictions(options)
        terms = _terms(options)
        scenarios = _scenarios(options, terms)
    except (InvalidValue, TraceError) as problem:
        _complain(str(problem))
        return EXIT_MISUSED

    def begin(reactor: Any) -> Deferred[int]:
        return certify(reactor, terms, screen, scenarios).addCallback(_tell, options)

    return run_reactor(begin)


def _list(screen: Screen) -> int:
    for scenario in catalogue(Terms(url="ws://bot.example.org/")):
        screen.say(f"{scenario.name:10} {scenario.shows}")
    screen.say(f"{MESSAGES:10} {MESSAGES_SHOWS}")
    return 0


def _refuse_contradictions(options: argparse.Namespace) -> None:
    """Refuse options that another option makes useless."""
    if options.strict and options.replay is None:
        raise InvalidValue("--strict: there is nothing to compare; add --replay FILE")
    if options.replay is not None:
        if options.wav is not None:
            raise InvalidValue("--wav: the caller of --replay says the recorded audio; leave one of them out")
        if options.only is not None:
            raise InvalidValue("--only: a replay has one scenario of its own; leave out --only or --replay")
    elif options.save is not None and options.only is not None and "speech" not in _names(options.only):
        raise InvalidValue("--save: only the scenario speech is saved; add it to --only")


def _names(only: str) -> set[str]:
    return {name.strip() for name in only.split(",")} - {""}


def _terms(options: argparse.Namespace) -> Terms:
    if not options.url:
        raise InvalidValue("the bot is missing. Give its URL, such as wss://user:password@bot.example.org/ws?lang=hi")
    name_of(options.url)
    if not 0 < options.timeout <= 60:
        raise InvalidValue(f"--timeout: {options.timeout:g} is out of range: write seconds, above 0 and up to 60")
    if not 0 < options.pace <= 1:
        raise InvalidValue(f"--pace: {options.pace:g} is out of range: write a number above 0 and up to 1")
    return Terms(
        url=options.url,
        caller=_number("--from", options.caller),
        callee=_number("--to", options.callee),
        answer_s=options.timeout,
        is_silent=options.expect_no_audio,
        seed=options.seed,
        speech=_speech(options.wav),
        is_babble=options.wav is None,
        pace=options.pace,
    )


def _number(option: str, text: str) -> str:
    try:
        return normalise(text)
    except InvalidValue as problem:
        raise InvalidValue(f"{option}: {problem}") from None


def _speech(path: Path | None) -> tuple[bytes, ...]:
    if path is None:
        return sounds.babble()
    try:
        frames = tuple(sounds.frames(read_sound(str(path))))
    except Unreadable as problem:
        raise InvalidValue(f"--wav: {path}: {problem}; {_REMEDY}") from problem
    if len(frames) * FRAME_S > _LONGEST_SPEECH_S:
        raise InvalidValue(f"--wav: {path} must hold one question of at most {_LONGEST_SPEECH_S:g} s")
    if sum(map(is_audible, frames)) < WORD_TICKS:
        raise InvalidValue(f"--wav: {path} is silent: it must hold a question that a bot can hear")
    return frames


def _scenarios(options: argparse.Namespace, terms: Terms) -> Sequence[Scenario]:
    """Choose the scenarios."""
    if options.replay is not None:
        return [replay_of(_recorded(options.replay), terms, strict=options.strict)]
    scenarios = catalogue(terms)
    known = [scenario.name for scenario in scenarios]
    names = set(known) if options.only is None else _names(options.only)
    if not names:
        raise InvalidValue(f"--only: names no scenario; choose from {', '.join(known)}")
    for name in sorted(names - set(known)):
        raise InvalidValue(f"--only: scenario {name!r} does not exist; choose from {', '.join(known)}")
    return [scenario for scenario in scenarios if scenario.name in names]


def _recorded(path: Path) -> Trace:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_TRACE + 1)
    except OSError as problem:
        raise InvalidValue(f"--replay: {path} cannot be read: {problem.strerror}") from problem
    if len(data) > _LARGEST_TRACE:
        raise InvalidValue(f"--replay: {path} is larger than {_LARGEST_TRACE:,} bytes")
    try:
        return read_trace(data.splitlines(keepends=True))
    except TraceError as problem:
        raise InvalidValue(f"--replay: {path}: {problem}") from problem


def _tell(report: Report, options: argparse.Namespace) -> int:
    """Write the output files; give the exit status."""
    files = {options.json: as_json(report).encode(), options.junit: as_junit(report).encode()}
    if report.conversation is not None:
        files[options.save] = report.conversation.lines()
    elif options.save is not None:
        _complain(f"--save: {options.save} was not written: the run ended before the conversation")
    for path, data in files.items():
        try:
            if path is not None:
                path.write_bytes(data)
        except OSError as problem:
            _complain(f"{path} cannot be written: {problem.strerror}")
            return EXIT_MISUSED
    return 0 if report.passed else EXIT_FAILED


def _complain(text: str) -> None:
    sys.stderr.write(f"exoswitch certify: {text}\n")
