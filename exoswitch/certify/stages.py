"""Core: the stages of the callers: they listen, ask a question, and interrupt the bot."""

from math import inf

from exoswitch.certify import cues
from exoswitch.certify.expect_audio import SPEECH
from exoswitch.certify.interruption import INTERRUPTION
from exoswitch.certify.scenario import Stage, Terms, quiet, speak

_GLANCE_S = 0.6  # enough to see whether a bot survives the start of a call
_GREETING_S = 20.0
_BABBLE_S = 2.0  # babble is cut; words are said to the end
_INTERRUPTION_S = 3.0  # some bots wait for a few words before they give way
_ATTENTION_S = 4.0  # a bot that waits for a transcript needs this long to give way


def glance(terms: Terms) -> tuple[Stage, ...]:
    """Listen for a moment."""
    return (quiet("listening", _GLANCE_S * terms.pace),)


def question(terms: Terms) -> tuple[Stage, ...]:
    """Say something and wait for an answer."""
    said = speak(SPEECH, terms.speech, _BABBLE_S * terms.pace if terms.is_babble else inf)
    return said, quiet("waiting", terms.patience_s, cues.answered_since(SPEECH))


def conversation(terms: Terms) -> tuple[Stage, ...]:
    """Listen to the whole greeting, so that it cannot pass for an answer; then ask."""
    return quiet("greeting", _GREETING_S * terms.pace, cues.pauses), *question(terms)


def interruption(terms: Terms) -> tuple[Stage, ...]:
    """Interrupt the greeting; if the bot does not give way, interrupt its answer too.

    Some bots protect their greeting from interruptions. Others talk only when they are asked.
    """
    asked = speak(SPEECH, terms.speech, _BABBLE_S if terms.is_babble else inf, cues.gave_way)
    return (
        quiet("greeting", _GREETING_S * terms.pace, cues.either(cues.is_talking, cues.pauses)),
        *_interrupt(terms),
        quiet("listening", _GREETING_S * terms.pace, cues.either(cues.gave_way, cues.pauses)),
        asked,
        quiet("waiting", terms.patience_s, cues.either(cues.gave_way, cues.is_talking)),
        *_interrupt(terms),
        *glance(terms),
    )


def _interrupt(terms: Terms) -> tuple[Stage, ...]:
    """Speak while the bot talks, until it gives way."""
    over = cues.either(cues.gave_way, cues.is_not_interrupted)
    return (
        speak(INTERRUPTION, terms.speech, _INTERRUPTION_S, over),
        quiet("attention", _ATTENTION_S, over),
    )
