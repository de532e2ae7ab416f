"""The table of a machine's transitions is automat's own, and finds the same."""

import pytest
from automat import NoTransition
from automat._core import Automaton

from exoswitch.call.machine import machine


def test_each_transition_is_found_as_automat_finds_it():
    automaton = machine.__automat_automaton__
    transitions = automaton.allTransitions()
    assert len(transitions) > 300
    for before, symbol, after, outputs in transitions:
        found = automaton.outputForInput(before, symbol)
        assert (found[0], list(found[1])) == (after, list(outputs))
        known = Automaton.outputForInput(automaton, before, symbol)
        assert (known[0], known[1]) == (after, list(outputs))


def test_an_input_that_a_state_does_not_allow_is_told_as_automat_tells_it():
    automaton = machine.__automat_automaton__
    state = next(iter(automaton.states()))
    with pytest.raises(NoTransition) as told:
        automaton.outputForInput(state, "no such input")
    assert (told.value.state, told.value.symbol) == (state, "no such input")
