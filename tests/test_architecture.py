"""The rules of the house that a program can check: kinds of module, who may import whom, sizes and names.

A module's kind is the first word of its docstring, and this file holds it to it; `.importlinter` holds each library
to its home, and roots, engine and simulator to whom they are known.
"""

import ast
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Self

from attrs import frozen

ROOT = Path(__file__).parents[1]
KINDS = ("Core", "Port", "Adapter", "Root")
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
LINES_MAX = 400
LINES_OF_FUNCTION_MAX = 40

# What a core may take from outside: vocabulary. Input, output, clocks and logs are for adapters.
CORE_LIBRARIES = {"attrs", "automat", "cattrs", "multipart", "phonenumbers"}
CORE_MAY_NOT = {"asyncio", "logging", "os", "select", "socket", "subprocess", "threading", "time"}

# Cores whose very subject is a port: a trunk implements one, Asterisk's configuration is rendered from ours.
CORES_UPON_PORTS = ("exoswitch.trunks.", "exoswitch.asterisk.", "exoswitch.billing.prices")
PORTS_FOR_CORES = {
    "exoswitch.config.model",
    "exoswitch.config.sip_trunk",
    "exoswitch.config.sip_values",
    "exoswitch.config.values",
    "exoswitch.interfaces.billing",
    "exoswitch.interfaces.media",
    "exoswitch.interfaces.trunk",
    "zope.interface",
}

# Rooms of adapters that all others may use.
FOUNDATIONS = {"tasks", "network", "store", "web", "credentials"}


@frozen
class Module:
    """One module of the product: its kind, and what it imports, wherever in the file it does."""

    name: str
    kind: str
    lines: int
    imports: frozenset[str]
    long_functions: frozenset[str]
    misnamed_loggers: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        kind = (ast.get_docstring(tree) or "").partition(":")[0]
        found = (imported(tree), long_functions(tree), misnamed_loggers(tree))
        return cls(name, kind, text.count("\n"), *map(frozenset, found))

    @property
    def room(self) -> str:
        """The package: adapters of one room serve one outside thing, and may import each other."""
        return self.name.split(".")[1] if self.name.count(".") > 1 else ""


def imported(tree: ast.Module) -> Iterator[str]:
    """Give each module that is imported; of a `from` import both what stands before and what it names there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def long_functions(tree: ast.Module) -> Iterator[str]:
    """Name the functions that are too long to be read at once."""
    for node in ast.walk(tree):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.end_lineno - node.lineno + 1 > LINES_OF_FUNCTION_MAX:
            yield node.name


def misnamed_loggers(tree: ast.Module) -> Iterator[str]:
    """Name the classes with a logger whose namespace Twisted replaces by the name of the class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            calls = (part.value for part in node.body if isinstance(part, ast.Assign))
            if any(ast.unparse(call).startswith("Logger(namespace=") for call in calls):
                yield node.name


MODULES = {
    module.name: module
    for path in sorted((ROOT / "exoswitch").rglob("*.py"))
    if path.name != "__init__.py"
    for module in [Module.read(path)]
}


def breaches(rule, *kinds):
    """Give what each module of these kinds, or of any, does against a rule; {} is good."""
    chosen = [module for module in MODULES.values() if module.kind in kinds or not kinds]
    return {module.name: breach for module in chosen if (breach := rule(module))}


def imported_of_kind(module, *kinds):
    return {name for name in module.imports if name in MODULES and MODULES[name].kind in kinds}


def test_every_module_says_first_of_all_what_kind_it_is():
    assert breaches(lambda module: module.kind not in KINDS) == {}, (
        f"a docstring begins with one of {KINDS}, and a colon"
    )


def test_every_module_is_small_and_named_for_what_it_is():
    assert breaches(lambda module: module.lines > LINES_MAX) == {}
    assert breaches(lambda module: module.long_functions) == {}
    assert breaches(lambda module: NAMES_THAT_SAY_NOTHING & set(module.name.split("."))) == {}


def test_no_logger_has_a_namespace_that_twisted_ignores():
    assert breaches(lambda module: module.misnamed_loggers) == {}


def test_only_a_root_names_the_global_reactor():
    assert breaches(lambda module: "twisted.internet.reactor" in module.imports, "Core", "Port", "Adapter") == {}


def test_cores_import_cores_and_vocabulary_only():
    def foreign(module):
        libraries = {name.partition(".")[0] for name in module.imports} - {"exoswitch"}
        others = imported_of_kind(module, "Port", "Adapter", "Root")
        if module.name.startswith(CORES_UPON_PORTS):
            others -= PORTS_FOR_CORES
            libraries -= {"zope"}
        return others | libraries & CORE_MAY_NOT | libraries - sys.stdlib_module_names - CORE_LIBRARIES

    assert breaches(foreign, "Core") == {}


def test_ports_import_ports_and_cores_only():
    assert breaches(lambda module: imported_of_kind(module, "Adapter", "Root"), "Port") == {}


def test_adapters_import_no_adapter_of_another_room():
    def visitors(module):
        others = imported_of_kind(module, "Adapter", "Root")
        return {name for name in others if MODULES[name].room not in {module.room, *FOUNDATIONS}}

    assert breaches(visitors, "Adapter") == {}


def test_every_package_and_loose_module_has_its_floor():
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    floors = contracts["importlinter:contract:floors"]["layers"].replace("|", " ").split()
    rooms = {path.stem for path in (ROOT / "exoswitch").iterdir() if (path / "__init__.py").exists()}
    loose = {name.split(".")[1] for name in MODULES if name.count(".") == 1}
    assert sorted(floors) == sorted(rooms | loose)
    assert loose <= {"cli", "configured", "errors", "printable", "process", "reload", "tap"}


def test_no_package_imports_one_that_imports_it_directly_or_through_others():
    packages = {name: name.rpartition(".")[0] for name in MODULES if name.count(".") > 1}
    graph = {package: set() for package in packages.values()}
    for name, package in packages.items():
        graph[package] |= {packages[other] for other in MODULES[name].imports if other in packages} - {package}
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError
