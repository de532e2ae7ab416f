"""Core: every scenario that there is, in the order in which they are run."""

from attrs import evolve

from exoswitch.call.bot_address import is_resolver
from exoswitch.call.stream_options import StreamOptions
from exoswitch.certify import bot_url, cues
from exoswitch.certify.expect_audio import (
    INTERRUPTION,
    SPEECH,
    all_are_heard,
    gives_way,
    is_heard,
    is_hushed,
    marks_return,
    nobody_hears_another,
    reaches_the_phone,
)
from exoswitch.certify.expect_connection import accepts_in_time, all_are_accepted, closes_in_time, refuses, stays
from exoswitch.certify.scenario import Plan, Scenario, Stage, Terms, of_calls, press, quiet, speak
from exoswitch.certify.verdict import Verdict
from exoswitch.sim.network import Conditions

CONNECTS = "connects"
KEYS = "0123456789*#"
CALLS_AT_ONCE = 10
WIDEBAND_HZ = 16_000
BAD_NETWORK = Conditions(delay_s=0.15, jitter_s=0.05, loss=0.03, burst=3)

_SILENCE_S = 5.0
_INTERRUPTION_S = 1.5
_GLANCE_S = 0.6  # enough to see whether a bot gets over the beginning of a call
_AFTER_S = 0.5  # what is still under way gets through
_BABBLE_S = 2.0  # babble is cut short, words are said to their end
_ODD_PARAMETER = "voice/caf%C3%A9+%26"


def catalogue(terms: Terms) -> tuple[Scenario, ...]:
    """Give all scenarios for a bot."""
    return (
        _connects(terms),
        _auth(terms),
        _start(terms),
        _silence(terms),
        _speech(terms),
        _chunks(terms),
        _wideband(terms),
        _dtmf(terms),
        _barge_in(terms),
        _marks(terms),
        _hang_up(terms),
        _network(terms),
        _ten(terms),
    )


# --- What callers do --------------------------------------------------------------------------------------------


def _glance(terms: Terms) -> tuple[Stage, ...]:
    return (quiet("listening", _GLANCE_S * terms.pace),)


def _question(terms: Terms) -> tuple[Stage, ...]:
    """Say something, and wait for an answer."""
    words = terms.speech
    said = speak(SPEECH, words, _BABBLE_S * terms.pace) if terms.is_babble else speak(SPEECH, words)
    return said, quiet("waiting", terms.patience_s, cues.answered_since(SPEECH))


# --- Being called -----------------------------------------------------------------------------------------------


def _connects(terms: Terms) -> Scenario:
    return Scenario(
        name=CONNECTS,
        shows="a call is accepted, and soon",
        plans=(Plan(stages=_glance(terms)),),
        expects=(accepts_in_time,),
    )


def _auth(terms: Terms) -> Scenario:
    stages = _glance(terms)
    return Scenario(
        name="auth",
        shows="strangers are turned away",
        plans=(
            Plan(label="without credentials", stages=stages, target=bot_url.without_credentials),
            Plan(label="with a wrong password", stages=stages, target=bot_url.with_wrong_password),
        ),
        expects=(refuses,),
        unless="" if bot_url.has_credentials(terms.url) else "the URL has no credentials (wss://user:password@…)",
    )


def _start(terms: Terms) -> Scenario:
    plan = Plan(stages=_glance(terms))
    exotels = (
        evolve(plan, label="numbers as 0…", options=StreamOptions(numbers="national")),
        evolve(plan, label="as +91…", options=StreamOptions(numbers="e164")),
        evolve(plan, label="leg_sid", options=StreamOptions(leg_sid=True)),
        evolve(plan, label="time from 0", options=StreamOptions(first_timestamp="zero")),
    )
    return Scenario(
        name="start",
        shows="start is understood in every form that Exotel was seen to send",
        plans=(*exotels, *_parameters(terms, plan)),
        expects=(
            of_calls(slice(len(exotels)), stays("whatever form start has")),
            of_calls(
                slice(len(exotels), None),
                stays(
                    "whatever parameters come",
                    gone=Verdict.NOTE,
                    advice="they are those of the URL that you give to Exotel",
                ),
            ),
        ),
    )


def _parameters(terms: Terms, plan: Plan) -> list[Plan]:
    """Vary what the owner of the bot decides, and Exotel does not; of a resolver's answer nothing can be varied."""
    if is_resolver(terms.url):
        return []
    plans = [evolve(plan, label="one without a value", target=bot_url.with_parameter(_ODD_PARAMETER))]
    if bot_url.has_parameters(terms.url):
        plans.append(evolve(plan, label="none", target=bot_url.without_parameters))
    return plans


# --- Being spoken to --------------------------------------------------------------------------------------------


def _silence(terms: Terms) -> Scenario:
    seconds = _SILENCE_S * terms.pace
    return Scenario(
        name="silence",
        shows="a caller who says nothing is borne with",
        plans=(Plan(stages=(quiet("silence", seconds),)),),
        expects=(stays(f"through {seconds:g} s of silence"),),
    )


def _speech(terms: Terms) -> Scenario:
    greeting = quiet("greeting", 12.0 * terms.pace, cues.pauses)
    return Scenario(
        name="speech",
        shows="a caller who speaks is answered",
        plans=(Plan(stages=(greeting, *_question(terms)), options=StreamOptions(trace="audio")),),
        expects=(stays("in a conversation", tacit=True), is_heard),
    )


def _chunks(terms: Terms) -> Scenario:
    plans = [
        Plan(label=f"{chunk_ms} ms", stages=_question(terms), options=StreamOptions(chunk_ms=chunk_ms))
        for chunk_ms in (20, 100)
    ]
    return Scenario(
        name="chunks",
        shows="audio is taken in messages of 20 and of 100 ms",
        plans=tuple(plans),
        expects=(stays("whatever the length of media", tacit=True), is_heard),
    )


def _wideband(terms: Terms) -> Scenario:
    return Scenario(
        name="16-khz",
        shows="a stream of 16,000 Hz is understood",
        plans=(Plan(stages=_question(terms), target=bot_url.at_rate(WIDEBAND_HZ)),),
        expects=(stays(f"at {WIDEBAND_HZ:,} Hz", tacit=True), is_heard),
        unless="the rate is in the URL that the resolver answers with" if is_resolver(terms.url) else "",
    )


def _dtmf(terms: Terms) -> Scenario:
    seconds = (2 * len(KEYS) + 3) / 10  # a press and a pause take 0.2 s
    return Scenario(
        name="dtmf",
        shows="keys of the phone do no harm",
        plans=(Plan(stages=(press("keys", KEYS, seconds), *_glance(terms))),),
        expects=(stays("through all twelve keys", may_finish=True),),
    )


def _barge_in(terms: Terms) -> Scenario:
    opening = speak("opening", terms.speech, _BABBLE_S if terms.is_babble else 30.0, cues.is_talking)
    waiting = quiet("waiting", terms.patience_s, cues.is_talking)
    interruption = speak(INTERRUPTION, terms.speech, max(0.6, _INTERRUPTION_S * terms.pace))
    return Scenario(
        name="barge-in",
        shows="the bot gives way to a caller who interrupts it",
        plans=(Plan(stages=(opening, waiting, interruption, *_glance(terms))),),
        expects=(stays("when it is interrupted", tacit=True), gives_way, is_hushed),
    )


def _marks(terms: Terms) -> Scenario:
    waiting = quiet("marks", 6.0 * terms.pace, cues.marks_are_back_or_none_came)
    return Scenario(
        name="marks",
        shows="marks come back, and the bot carries on",
        plans=(Plan(stages=(*_question(terms), waiting)),),
        expects=(marks_return, stays("after its marks")),
    )


# --- The end, and harder times ----------------------------------------------------------------------------------


def _hang_up(terms: Terms) -> Scenario:
    return Scenario(
        name="hang-up",
        shows="the bot lets go when the caller hangs up",
        plans=(Plan(stages=_question(terms)),),
        expects=(stays("until the caller hangs up", tacit=True), closes_in_time),
    )


def _network(terms: Terms) -> Scenario:
    after = quiet("after", _AFTER_S)
    return Scenario(
        name="network",
        shows="a caller on a bad network is served: 150 ms away, 50 ms of jitter, 3 % lost",
        plans=(Plan(stages=(*_question(terms), after), network=BAD_NETWORK),),
        expects=(stays("on a bad network", tacit=True), is_heard, reaches_the_phone),
    )


def _ten(terms: Terms) -> Scenario:
    """Let each caller say words of its own, as far as they go, so that it is seen whose came back."""
    share = len(terms.speech) // CALLS_AT_ONCE if terms.is_babble else 0
    length = share or len(terms.speech)
    plans = []
    for number in range(CALLS_AT_ONCE):
        words = terms.speech[number * share :][:length]
        waiting = quiet("waiting", terms.patience_s, cues.answered_since(SPEECH))
        plans.append(Plan(label=str(number + 1), stages=(speak(SPEECH, words), waiting, quiet("after", _AFTER_S))))
    return Scenario(
        name="ten",
        shows="ten calls at once are ten calls",
        plans=tuple(plans),
        expects=(all_are_accepted, all_are_heard, nobody_hears_another),
        at_once=True,
    )
