"""Port: a YAML file as a plain tree of mappings, lists and texts; the home of the YAML library.

Scalars are not interpreted: ``no``, ``0755`` and ``+9180…`` stay as the operator wrote them.
"""

from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

from exoswitch.errors import ConfigError, Problem

Tree = Any  # str | list[Tree] | dict[str, Tree]; a recursive alias would need a cast in every reader

# These messages of the library repeat a part of the file, which may be a password.
_TELLTALE = {
    "found undefined alias": "a value that begins with * must be put in quotes",
    "found duplicate anchor": "a value that begins with & must be put in quotes",
    "found undefined tag handle": "a value that begins with ! must be put in quotes",
}


def parse(data: bytes) -> tuple[Tree, list[Problem]]:
    """Give the tree of a file, and a problem for each repeated key.

    Raises:
        ConfigError: this is not YAML; its one problem gives the line and column.
    """
    try:
        loader = _Loader(data)
        return loader.get_single_data(), loader.repeated
    except yaml.MarkedYAMLError as error:
        problem = _syntax_problem(error)
    except yaml.YAMLError:
        problem = Problem("the file", "is not UTF-8 text, or has control characters in it")
    except RecursionError:
        problem = Problem("the file", "is nested too deeply")
    raise ConfigError(
        (problem,)
    )  # not inside `except`, so that the library's error, which may quote a secret, is no context


class _Loader(yaml.BaseLoader):
    """Builds texts, lists and dicts only, and notes repeated keys, which the library accepts."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.repeated: list[Problem] = []

    def construct_document(self, node: Node) -> Tree:
        """Build the whole document, and let its nodes go one after the other: all at once takes 33 ms of 900 kB.

        That is in a thread, but no other thread runs meanwhile.
        """
        tree = self.construct_object(node)
        node.value = ()
        while self.constructed_objects:
            self.constructed_objects.popitem()
        return tree

    def construct_mapping(self, node: Node, deep: bool = False) -> dict[str, Tree]:  # type: ignore[override] # texts as keys
        """Build one mapping; its keys are texts."""
        if not isinstance(node, MappingNode):
            raise ConstructorError(None, None, "expected a mapping", node.start_mark)
        lines: dict[str, int] = {}
        mapping: dict[str, Tree] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise ConstructorError(None, None, "a key must be plain text", key_node.start_mark)
            key, line = key_node.value, key_node.start_mark.line + 1
            if key in lines:
                self.repeated.append(
                    Problem(f"line {line}", f"the key {key!r} is also at line {lines[key]}; remove one")
                )
            lines.setdefault(key, line)
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    """Give the place of the error, without the library's excerpt, which may hold a secret."""
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
    text = error.problem or "cannot be understood"
    for beginning, remedy in _TELLTALE.items():
        if text.startswith(beginning):
            text = remedy
    return Problem(where, f"not valid YAML: {text}")
