"""The rules of the house that a program can check: kinds of module, who may import whom, sizes and names.

A module's kind is the first word of its docstring, and this file holds it to it; `.importlinter` holds each library
to its home, and roots, engine and simulator to whom they are known.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[1]
KINDS = ("Core", "Port", "Adapter", "Root")
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
LINES_MAX = 400

# What a core may take from outside: vocabulary. Input, output, clocks and logs are for adapters.
CORE_LIBRARIES = {"attrs", "automat"}
CORE_MAY_NOT = {"asyncio", "logging", "os", "select", "socket", "subprocess", "threading", "time"}

# Cores whose very subject is a port: a trunk implements one, Asterisk's configuration is rendered from ours.
CORES_UPON_PORTS = ("exoswitch.trunks.", "exoswitch.ami.asterisk")
PORTS_FOR_CORES = {"exoswitch.interfaces", "exoswitch.config.model", "zope.interface"}

# An adapter that all others may use.
FOUNDATION = "exoswitch.spawn"


@frozen
class Module:
    """One module of the product: its kind, and what it imports, wherever in the file it does."""

    name: str
    kind: str
    lines: int
    imports: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        kind = (ast.get_docstring(tree) or "").partition(":")[0]
        return cls(name, kind, text.count("\n"), frozenset(imported(tree)))

    @property
    def room(self) -> str:
        """The package: adapters of one room serve one outside thing, and may import each other."""
        return self.name.rpartition(".")[0]


def imported(tree: ast.Module) -> Iterator[str]:
    """Give each module that is imported; of a `from` import both what stands before and what it names there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


MODULES = {
    module.name: module
    for path in sorted((ROOT / "exoswitch").rglob("*.py"))
    if path.name != "__init__.py"
    for module in [Module.read(path)]
}


def each(*kinds):
    chosen = [module for module in MODULES.values() if module.kind in kinds or not kinds]
    return pytest.mark.parametrize("module", chosen, ids=[module.name for module in chosen])


def kinds_imported(module):
    return {(name, MODULES[name].kind) for name in module.imports if name in MODULES}


@each()
def test_module_says_first_of_all_what_kind_it_is(module):
    assert module.kind in KINDS, f"the docstring of {module.name} begins with one of {KINDS} and a colon"


@each()
def test_module_is_small_and_named_for_what_it_is(module):
    assert module.lines <= LINES_MAX
    assert not NAMES_THAT_SAY_NOTHING & set(module.name.split("."))


@each()
def test_only_a_root_names_the_global_reactor(module):
    assert module.kind == "Root" or "twisted.internet.reactor" not in module.imports


@each("Core")
def test_core_imports_cores_and_vocabulary_only(module):
    libraries = {name.partition(".")[0] for name in module.imports} - {"exoswitch"}
    foreign = {name for name, kind in kinds_imported(module) if kind != "Core"}
    if module.name.startswith(CORES_UPON_PORTS):
        foreign -= PORTS_FOR_CORES
        libraries -= {"zope"}
    assert not foreign
    assert not libraries & CORE_MAY_NOT
    assert libraries - sys.stdlib_module_names <= CORE_LIBRARIES


@each("Port")
def test_port_imports_ports_and_cores_only(module):
    assert {kind for _, kind in kinds_imported(module)} <= {"Port", "Core"}


@each("Adapter")
def test_adapter_imports_no_adapter_of_another_room(module):
    adapters = {name for name, kind in kinds_imported(module) if kind in {"Adapter", "Root"}}
    assert not {name for name in adapters - {FOUNDATION} if MODULES[name].room != module.room}
