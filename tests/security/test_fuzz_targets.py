"""Every fuzz target passes its seeds and its kept corpus; tools/fuzz.py makes further inputs."""

import importlib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.py"))


@pytest.mark.parametrize("name", TARGETS)
def test_target_passes_its_seeds_and_its_corpus(name):
    target = importlib.import_module(f"tests.security.fuzz_{name}")
    corpus = sorted((HERE / "corpus" / name).glob("*"))
    assert target.SEEDS
    assert corpus
    for data in (*target.SEEDS, *(path.read_bytes() for path in corpus)):
        target.one_input(data)
