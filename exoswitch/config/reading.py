"""Port: reads a tree of texts into the classes of the model, by the fields that they declare."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import attrs
from attrs import define, field

from exoswitch.config.kinds import NO, YES, Kind, Unreadable, choice, nearest, yes_no
from exoswitch.config.model import TrunkConfig
from exoswitch.config.placeholders import Surroundings
from exoswitch.config.yaml_file import Tree
from exoswitch.errors import Problem

_BROKEN = ""  # in place of a value that could not be read; its problem is noted, and the result is never used
# Keys of earlier versions: the new name, or the key that they are now a part of, with an example.
_RENAMED = {"transcripts": "traces", "transcript": "trace"}
_NOW_IN = {
    "rate": ("cost", 'cost: {rate: "0.20"}, the price of a minute'),
    "pulse_s": ("cost", 'cost: {rate: "0.20", pulse: "60"}'),
    "baseline_rate": ("baseline", 'baseline: {rate: "0.50"}, the price of a minute'),
}
_SHOWN_MAX = 60


@define
class Reader:
    """Reads a whole tree and notes every problem in it, and whether a secret is written in the tree itself."""

    surroundings: Surroundings
    providers: Mapping[str, type[TrunkConfig]]
    problems: list[Problem] = field(factory=list)
    has_secret: bool = False

    def section(self, cls: type[Any], tree: Tree, path: str = "") -> Any:
        """Build a class of the model; a value that cannot be read takes its default, and its problem is noted."""
        if not isinstance(tree, dict):
            self._note(path or "the file", _not_a("mapping of keys to values", tree, can_be_removed=bool(path)))
            return cls(**{spec.name: _empty(spec.type) for spec in attrs.fields(cls) if _is_required(spec)})
        fields = {_key(spec): spec for spec in attrs.fields(cls)}
        for key in tree:
            if key not in fields:
                self._unknown_key(key, fields, path)
        read = {spec.name: self._field(spec, tree, _join(path, key)) for key, spec in fields.items()}
        return cls(**{name: value for name, value in read.items() if value is not attrs.NOTHING})

    def _field(self, spec: "attrs.Attribute[Any]", tree: dict[str, Tree], path: str) -> Any:
        if _key(spec) not in tree:
            if not _is_required(spec):
                return attrs.NOTHING
            self._note(path, f"is missing; {_addition(spec)}")
            return _empty(spec.type)
        value = self._value(spec, spec.type, tree[_key(spec)], path)
        return _BROKEN if value is attrs.NOTHING and _is_required(spec) else value

    def _value(self, spec: "attrs.Attribute[Any]", declared: Any, tree: Tree, path: str) -> Any:
        if declared is TrunkConfig:
            return self._trunk(tree, path)
        if attrs.has(declared) or isinstance(declared, UnionType):
            return self._section_or_no(declared, tree, path)
        arguments = get_args(declared)
        if get_origin(declared) is tuple:
            if isinstance(tree, dict) and spec.metadata.get("one_or_more"):
                return (self._value(spec, arguments[0], tree, path),)
            return self._items(spec, arguments[0], tree, path)
        if get_origin(declared) is Mapping:
            return self._entries(spec, arguments, tree, path)
        return self._scalar(_kind(declared), tree, path, secret=spec.metadata.get("secret", False))

    def _trunk(self, tree: Tree, path: str) -> TrunkConfig:
        """Build a trunk's settings by its provider's class; without a known one, read the keys of every trunk."""
        provider = Reader(self.surroundings, self.providers).section(TrunkConfig, tree).provider
        cls = TrunkConfig
        try:
            cls = self.providers[provider]
        except KeyError:
            if provider:
                self._note(_join(path, "provider"), _no_provider(provider, self.providers))
        except Unreadable as problem:
            self._note(_join(path, "provider"), f"{provider!r} {problem}")
        if isinstance(tree, dict) and cls is TrunkConfig:
            tree = {key: value for key, value in tree.items() if key in attrs.fields_dict(TrunkConfig)}
        settings: TrunkConfig = self.section(cls, tree, path)
        return settings

    def _section_or_no(self, declared: Any, tree: Tree, path: str) -> Any:
        """Build a class of the model; where it may be None, `no` gives that, and `yes` the defaults."""
        if not isinstance(declared, UnionType):
            return self.section(declared, tree, path)
        cls = get_args(declared)[0]
        if not isinstance(tree, str):
            return self.section(cls, tree, path)
        if tree.lower() in YES:
            return self.section(cls, {}, path)
        if tree.lower() not in NO:
            self._note(path, "must be no, or a mapping, written as {key: value, …}, not a single value")
        return None

    def _items(self, spec: "attrs.Attribute[Any]", declared: Any, tree: Tree, path: str) -> tuple[Any, ...]:
        if not isinstance(tree, list):
            wanted = "mapping or a list of mappings" if spec.metadata.get("one_or_more") else "list"
            self._note(path, _not_a(wanted, tree))
            return ()
        if not tree and _is_required(spec):
            self._note(path, "must have at least one entry")
        items = (self._value(spec, declared, item, f"{path}[{index}]") for index, item in enumerate(tree))
        return tuple(_BROKEN if item is attrs.NOTHING else item for item in items)

    def _entries(
        self, spec: "attrs.Attribute[Any]", declared: tuple[Any, ...], tree: Tree, path: str
    ) -> Mapping[str, Any]:
        if not isinstance(tree, dict):
            self._note(path, _not_a("mapping of names to entries", tree))
            return {}
        entries: dict[str, Any] = {}
        for written, item in tree.items():
            key = self._scalar(_kind(declared[0]), written, _join(path, written), secret=False)
            key = written if key is attrs.NOTHING else key
            if key in entries:
                self._note(_join(path, written), f"is the same as the entry {key}; remove one")
            entries[key] = self._value(spec, declared[1], item, _join(path, written))
        return entries

    def _scalar(self, kind: Kind, tree: Tree, path: str, *, secret: bool) -> Any:
        """Read one text; a problem shows it as written, with its placeholders, unless it is a secret."""
        if not isinstance(tree, str):
            self._note(path, f"must be a single value, not a {_shape(tree)}")
            return attrs.NOTHING
        try:
            filled_in = self.surroundings.fill_in(tree)
            self.has_secret |= secret and filled_in == tree and _may_be_secret(tree)
            value = kind.read(filled_in)
            if kind.names and isinstance(value, str) and value:
                value = self.surroundings.locate(value, is_file=kind.names == "file")
        except Unreadable as error:
            shown = "" if secret else f" (it is {tree[:_SHOWN_MAX]!r})"
            self._note(path, f"{error}{shown}")
            return attrs.NOTHING
        return value

    def _unknown_key(self, key: str, known: Mapping[str, object], path: str) -> None:
        if _RENAMED.get(key) in known:
            self._note(_join(path, key), f"is now called {_RENAMED[key]}; rename the key")
            return
        part_of, example = _NOW_IN.get(key, ("", ""))
        if part_of in known:
            self._note(_join(path, key), f"is now a part of {part_of}; write {example}")
            return
        if "provider" in known and self._is_a_key_of_some_provider(key):
            self._note(_join(path, key), "is not a key of this provider; remove it")
            return
        guess = nearest(key, known) or f"; known here: {', '.join(known)}"
        self._note(_join(path, key), f"is not a known key{guess}")

    def _is_a_key_of_some_provider(self, key: str) -> bool:
        for name in self.providers:
            with suppress(Unreadable):  # a package that cannot be loaded
                if key in attrs.fields_dict(self.providers[name]):
                    return True
        return False

    def _note(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))


def check_fields(cls: type[Any]) -> None:
    """Check that each field of a class can be read from a file.

    Raises:
        TypeError: a field has no kind of value, or the class has no fields.
    """
    for spec in attrs.fields(cls):
        for declared in _parts(spec.type):
            if attrs.has(declared):
                check_fields(declared)
            else:
                _kind(declared)


def _parts(declared: Any) -> tuple[Any, ...]:
    """Give the types that are read for a field: the keys and values of a mapping, else one."""
    if get_origin(declared) is Mapping:
        return get_args(declared)
    if isinstance(declared, UnionType) or get_origin(declared) is tuple:
        return get_args(declared)[:1]
    return (declared,)


def _kind(declared: Any) -> Kind:
    """Find the kind of ``Annotated[…, Kind(…)]``, ``Literal[…]`` or ``bool``.

    Raises:
        TypeError: a field of the model has no kind: a bug.
    """
    if declared is bool:
        return Kind(yes_no, "true")
    if get_origin(declared) is Literal:
        return choice(*get_args(declared))
    for extra in get_args(declared):
        if isinstance(extra, Kind):
            return extra
    raise TypeError(f"{declared!r} has no kind of value")


def _may_be_secret(text: str) -> bool:
    """Whether a secret value is one: a URL without credentials is not."""
    return "://" not in text or "@" in text


def _no_provider(provider: str, known: Iterable[str]) -> str:
    guess = nearest(provider, known) or f"; known: {', '.join(known)}"
    return f"{provider!r} is not a provider{guess}"


def _key(spec: "attrs.Attribute[Any]") -> str:
    """Give the key of a field; a field whose key is a word of Python ends with an underscore."""
    return spec.name.removesuffix("_")


def _is_required(spec: "attrs.Attribute[Any]") -> bool:
    return spec.default is attrs.NOTHING


def _empty(declared: Any) -> Any:
    if get_origin(declared) is Mapping:
        return {}
    return () if get_origin(declared) is tuple else _BROKEN


def _addition(spec: "attrs.Attribute[Any]") -> str:
    """Say how to add a missing key."""
    if get_origin(spec.type) is tuple:
        return f"add {spec.name}: with at least one entry"
    if get_origin(spec.type) is Mapping:
        return f"add {spec.name}: with its entries"
    return f"add it, for example {spec.name}: {_kind(spec.type).example}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shape(tree: Tree) -> str:
    if isinstance(tree, dict):
        return "mapping"
    return "list" if isinstance(tree, list) else "single value"


def _not_a(wanted: str, tree: Tree, *, can_be_removed: bool = True) -> str:
    if tree in ("", None):
        return f"is empty; write a {wanted}" + ", or remove it" * can_be_removed
    remedy = "; put it in [ ]" if wanted == "list" and isinstance(tree, str) else ""
    return f"must be a {wanted}, not a {_shape(tree)}{remedy}"
