"""Draws a call's states into docs/call-states.md, from the state machine; a test compares the two."""

from pathlib import Path

from exoswitch.call.machine import STATES, machine

PAGE = Path(__file__).parents[1] / "docs" / "call-states.md"

HEAD = """\
# The states of a call

`exoswitch/call/machine.py` as a picture. An arrow is labelled with the inputs that lead along it; inputs that leave a
call in its state are not shown. `python tools/draw_call.py` writes this page: change the machine, not the picture.

"""


def arrows() -> dict[tuple[str, str], list[str]]:
    """Give the inputs from one state to another, for each pair, in the order of a call's life."""
    order: dict[object, int] = {state: place for place, state in enumerate(STATES)}
    # A public attribute in all but its name: `asDigraph`, the way that is documented, needs the graphviz package.
    transitions = machine.__automat_automaton__.allTransitions()
    pairs: dict[tuple[str, str], list[str]] = {}
    for before, symbol, after, _ in sorted(transitions, key=lambda way: (order[way[0]], order[way[2]], way[1])):
        if before is not after:
            pairs.setdefault((before.name, after.name), []).append(symbol)
    return pairs


def page() -> str:
    """Write the page, with the picture as Mermaid text."""
    states = [f"    {state.name}([{state.name}])" for state in STATES]
    lines = [f'    {before} -- "{"<br>".join(inputs)}" --> {after}' for (before, after), inputs in arrows().items()]
    return HEAD + "\n".join(["```mermaid", "flowchart TD", *states, *lines, "```", ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
