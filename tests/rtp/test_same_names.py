"""Each function of the plane in Python has one of the same name in C, so that both can be read side by side."""

import ast
import re
from pathlib import Path

import pytest

import exoswitch

PYTHON = Path(exoswitch.__file__).parent
NATIVE = Path(__file__).parents[2] / "native"
FUNCTION = re.compile(r"\b(\w+)\([^;{}]*\)\s*\{")

# Modules whose C file does the same, and their functions that C does without.
TWINS = {
    "audio/concealment": set(),
    "rtp/jitter": {"prune"},  # slots_prune: C has no dict
    "rtp/leg": set(),
    "rtp/message_encoder": set(),
    "rtp/packet": {"begin"},  # its random numbers come from Python
    "rtp/playout": {"filled_up"},  # C fills a frame up where it copies it
    "rtp/reception": set(),
    "rtp/tape": set(),
    "rtp/timeline": set(),
}
PREFIXES = ("concealer_", "encoder_", "packetizer_")  # of a struct whose file is named otherwise


def names_in_python(module):
    tree = ast.parse((PYTHON / f"{module}.py").read_text())
    functions = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {name.lstrip("_") for name in functions if not name.startswith("__")}


def names_in_c(module):
    texts = [path.read_text() for path in NATIVE.glob(f"{module}.[ch]")]
    names = set(FUNCTION.findall("\n".join(texts)))
    prefixes = (f"{module.partition('/')[2]}_", *PREFIXES)
    return names | {name.removeprefix(prefix) for name in names for prefix in prefixes}


@pytest.mark.parametrize("module", TWINS)
def test_a_function_of_python_has_the_same_name_in_c(module):
    assert names_in_python(module) - names_in_c(module) == TWINS[module]
