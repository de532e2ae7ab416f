"""Core: all scenarios, in the order of the run."""

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.call.bot_address import is_resolver
from exoswitch.call.stream_options import StreamOptions
from exoswitch.certify import bot_url, cues
from exoswitch.certify.expect_audio import (
    SPEECH,
    all_are_heard,
    answers,
    keeps_its_pitch,
    marks_return,
    nobody_hears_another,
    reaches_the_phone,
)
from exoswitch.certify.expect_connection import accepts_in_time, all_are_accepted, closes_in_time, refuses, stays
from exoswitch.certify.expect_interruption import gives_way, is_hushed
from exoswitch.certify.scenario import (
    Expectation,
    Plan,
    Scenario,
    Stage,
    Terms,
    as_given,
    of_calls,
    press,
    quiet,
    speak,
)
from exoswitch.certify.stages import conversation, glance, interruption, question
from exoswitch.certify.verdict import Verdict
from exoswitch.sim.network import Conditions

CONNECTS = "connects"
KEYS = "0123456789*#"
CALLS_AT_ONCE = 10
WIDEBAND_HZ = 16_000
BAD_NETWORK = Conditions(delay_s=0.15, jitter_s=0.05, loss=0.03, burst=3)

_SILENCE_S = 5.0
_AFTER_S = 0.5  # lets audio in transit arrive
_VOICE_S = 3.0
_LISTENS = "the bot only listens (--expect-no-audio)"
_ODD_PARAMETER = "voice/caf%C3%A9+%26"


def catalogue(terms: Terms) -> tuple[Scenario, ...]:
    """Give all scenarios for a bot."""
    return (
        _one_call(CONNECTS, "the bot accepts a call quickly", glance(terms), accepts_in_time),
        _auth(terms),
        _start(terms),
        *_conversation(terms),
        *_control(terms),
        *_difficult(terms),
    )


def _one_call(
    name: str, shows: str, stages: tuple[Stage, ...], *expects: Expectation, unless: str = "", **settings: Any
) -> Scenario:
    """Make a scenario of one call, with these settings of its plan."""
    return Scenario(name=name, shows=shows, plans=(Plan(stages=stages, **settings),), expects=expects, unless=unless)


# --- The start of a call -----------------------------------------------------------------------------------------


def _auth(terms: Terms) -> Scenario:
    stages = glance(terms)
    return Scenario(
        name="auth",
        shows="the bot refuses calls with wrong credentials",
        plans=(
            Plan(label="without credentials", stages=stages, target=bot_url.without_credentials),
            Plan(label="with a wrong password", stages=stages, target=bot_url.with_wrong_password),
        ),
        expects=(refuses,),
        unless="" if bot_url.has_credentials(terms.url) else "the URL has no credentials (wss://user:password@…)",
    )


def _start(terms: Terms) -> Scenario:
    plan = Plan(stages=glance(terms))
    exotels = (
        evolve(plan, label="numbers as 0…", options=StreamOptions(numbers="national")),
        evolve(plan, label="as +91…", options=StreamOptions(numbers="e164")),
        evolve(plan, label="leg_sid", options=StreamOptions(leg_sid=True)),
        evolve(plan, label="time from 0", options=StreamOptions(first_timestamp="zero")),
    )
    advice = "Exotel sends the parameters of your URL only: check them if you change the URL"
    other = stays("with other URL parameters", gone=Verdict.NOTE, advice=advice)
    return Scenario(
        name="start",
        shows="the bot understands all forms of start that Exotel sends",
        plans=(*exotels, *_parameters(terms, plan)),
        expects=(
            of_calls(slice(len(exotels)), stays("with all forms of start")),
            of_calls(slice(len(exotels), None), other),
        ),
    )


def _parameters(terms: Terms, plan: Plan) -> list[Plan]:
    """Vary the parameters of the bot's URL. A resolver's answer cannot be varied."""
    if is_resolver(terms.url):
        return []
    plans = [evolve(plan, label="one without a value", target=bot_url.with_parameter(_ODD_PARAMETER))]
    if bot_url.has_parameters(terms.url):
        plans.append(evolve(plan, label="no parameters", target=bot_url.without_parameters))
    return plans


# --- A conversation ----------------------------------------------------------------------------------------------


def _conversation(terms: Terms) -> Iterator[Scenario]:
    talk, silence_s = conversation(terms), _SILENCE_S * terms.pace
    yield _one_call(
        "silence",
        "the bot stays connected to a silent caller",
        (quiet("silence", silence_s),),
        stays(f"during {silence_s:g} s of silence"),
    )
    yield _one_call(
        "speech",
        "the bot answers the caller",
        talk,
        stays("during a conversation", tacit=True),
        answers(),
        options=StreamOptions(trace="audio"),
    )
    yield Scenario(
        name="chunks",
        shows="the bot understands media of 20 ms and of 100 ms",
        plans=tuple(
            Plan(label=f"{chunk_ms} ms", stages=talk, options=StreamOptions(chunk_ms=chunk_ms))
            for chunk_ms in (20, 100)
        ),
        expects=(stays("with media of 20 ms and of 100 ms", tacit=True), answers()),
    )
    yield _wideband(terms)


def _wideband(terms: Terms) -> Scenario:
    """Call at another rate, and at the rate of the URL, for comparison.

    Exotel asks for 16,000 Hz only if the URL says so. So a bot that cannot do it has a note only.
    """
    is_asked_for = bot_url.sample_rate_hz(terms.url) == WIDEBAND_HZ
    missing = Verdict.FAIL if is_asked_for else Verdict.NOTE
    advice = "" if is_asked_for else f"do not add sample-rate={WIDEBAND_HZ} to the URL of this bot"
    stages = (*conversation(terms), quiet("voice", _VOICE_S * terms.pace, cues.sounded_long_enough))
    usual = bot_url.at_rate(SAMPLE_RATE_HZ) if is_asked_for else as_given
    wide = slice(1, None)
    return Scenario(
        name="16-khz",
        shows="the bot understands audio of 16,000 Hz",
        plans=(Plan(stages=stages, target=usual), Plan(stages=stages, target=bot_url.at_rate(WIDEBAND_HZ))),
        expects=(
            of_calls(wide, stays(f"at {WIDEBAND_HZ:,} Hz", gone=missing, advice=advice, tacit=True)),
            of_calls(wide, answers(missing, advice)),
            keeps_its_pitch,
        ),
        unless="the rate is part of the URL that the resolver gives" if is_resolver(terms.url) else "",
    )


# --- Keys, interruptions and marks -------------------------------------------------------------------------------


def _control(terms: Terms) -> Iterator[Scenario]:
    keys_s = (2 * len(KEYS) + 3) / 10  # a press and a pause take 0.2 s
    yield _one_call(
        "dtmf",
        "the bot stays connected when the caller presses keys",
        (press("keys", KEYS, keys_s), *glance(terms)),
        stays("during twelve key presses", may_finish=True),
    )
    yield _one_call(
        "barge-in",
        "the bot stops talking when the caller interrupts it",
        interruption(terms),
        stays("during an interruption", tacit=True),
        gives_way,
        is_hushed,
        unless=_LISTENS if terms.is_silent else "",
    )
    yield _one_call(
        "marks",
        "marks come back, and the bot stays connected",
        (*conversation(terms), quiet("marks", 6.0 * terms.pace, cues.marks_are_back_or_none_came)),
        marks_return,
        stays("after its marks"),
        unless=_LISTENS if terms.is_silent else "",
    )


# --- The end, and difficult calls --------------------------------------------------------------------------------


def _difficult(terms: Terms) -> Iterator[Scenario]:
    yield _one_call(
        "hang-up",
        "the bot closes when the caller hangs up",
        question(terms),
        stays("until the caller hangs up", tacit=True),
        closes_in_time,
    )
    yield _one_call(
        "network",
        "the bot answers on a bad network: 150 ms delay, 50 ms jitter, 3 % loss",
        (*conversation(terms), quiet("after", _AFTER_S)),
        stays("on a bad network", tacit=True),
        answers(),
        reaches_the_phone,
        network=BAD_NETWORK,
    )
    yield _ten(terms)


def _ten(terms: Terms) -> Scenario:
    """Give each caller its own part of the babble, so that returned audio shows its caller."""
    share = len(terms.speech) // CALLS_AT_ONCE if terms.is_babble else 0
    length = share or len(terms.speech)
    plans = []
    for number in range(CALLS_AT_ONCE):
        words = terms.speech[number * share :][:length]
        waiting = quiet("waiting", terms.patience_s, cues.answered_since(SPEECH))
        plans.append(Plan(label=str(number + 1), stages=(speak(SPEECH, words), waiting, quiet("after", _AFTER_S))))
    return Scenario(
        name="ten",
        shows="the bot serves ten calls at once",
        plans=tuple(plans),
        expects=(all_are_accepted, all_are_heard, nobody_hears_another),
        at_once=True,
    )
