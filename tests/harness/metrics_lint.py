"""The lint of metrics: their rows in the catalogue, and the calls in the code that name them."""

import ast
import re
from collections.abc import Iterable, Iterator

from exoswitch.telemetry.catalogue import FROM_CONFIGURATION, LABELS, METRICS, kept, read
from exoswitch.telemetry.metric import OTHER, Kind, Metric

OBJECTS = {"metrics", "_metrics"}  # the names under which the code holds its IMetrics
KINDS = {"add": Kind.COUNTER, "observe": Kind.HISTOGRAM}


def faults_of_rows(rows: Iterable[Metric]) -> list[str]:
    """Give what is wrong with rows of the catalogue."""
    return [f"{row.name}: {fault}" for row in rows for fault in _faults_of_row(row)]


def _faults_of_row(row: Metric) -> Iterator[str]:
    if not row.help.endswith("."):
        yield "no help text"
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", row.name):
        yield "not snake_case"
    if row.kind is Kind.COUNTER and not row.name.endswith("_total"):
        yield "a counter ends in _total"
    if row.kind is not Kind.COUNTER and row.name.endswith("_total"):
        yield "only a counter ends in _total"
    if re.search(r"_(ms|s|us|minutes)(_|$)", row.name):
        yield "the unit of time is seconds"
    for label in row.labels:
        if label.name not in LABELS:
            yield f"label {label.name} is not on the allow list"
        elif not label.values and label.name not in FROM_CONFIGURATION:
            yield f"the values of label {label.name} are not listed"
    yield from _faults_of_buckets(row)


def _faults_of_buckets(row: Metric) -> Iterator[str]:
    if row.kind is Kind.HISTOGRAM and not row.buckets:
        yield "no buckets"
    if list(row.buckets) != sorted(set(row.buckets)):
        yield "the buckets do not rise"


def faults_of_calls(tree: ast.AST) -> list[str]:
    """Give what is wrong with the calls in a module that count, observe or read a metric."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            try:
                _check(node)
            except LookupError as problem:
                found.append((node.lineno, str(problem.args[0]).partition(":")[0]))
    return [f"line {line}: {fault}" for line, fault in sorted(found)]


def _check(call: ast.Call) -> None:
    if _verb(call.func):
        _check_use(_verb(call.func), call.args[0], _keywords(call))
    elif isinstance(call.func, ast.Name) and call.func.id == "partial" and _verb(call.args[0]):
        _check_use(_verb(call.args[0]), call.args[1], _keywords(call))
    elif isinstance(call.func, ast.Name) and call.func.id == "Reading":
        labels = call.args[2] if len(call.args) > 2 else ast.Dict([], [])
        if isinstance(labels, ast.Dict):
            pairs = zip(labels.keys, labels.values, strict=True)
            _check_use("Reading", call.args[0], {key.value: value for key, value in pairs})


def _verb(called: ast.expr) -> str:
    """Give the method of an IMetrics that an expression is."""
    if not isinstance(called, ast.Attribute) or called.attr not in KINDS:
        return ""
    holder = called.value
    name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
    return called.attr if name in OBJECTS else ""


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    labels = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    for given in (keyword.value for keyword in call.keywords if keyword.arg is None):
        # A label that is a word of Python's, such as from, can only be given in a literal dict.
        if not (isinstance(given, ast.Dict) and all(isinstance(key, ast.Constant) for key in given.keys)):
            raise LookupError("the labels are not written out")
        labels |= {key.value: value for key, value in zip(given.keys, given.values, strict=True)}
    return labels


def _check_use(verb: str, name: ast.expr, labels: dict[str, ast.expr]) -> None:
    if not isinstance(name, ast.Constant):
        raise LookupError("the name is not a literal")  # noqa: TRY004 - one error for all faults
    row = kept(name.value, KINDS[verb]) if verb in KINDS else read(name.value)
    row.values(dict.fromkeys(labels, ""))
    for label in row.labels:
        value = labels[label.name]
        if isinstance(value, ast.Constant) and label.admit(value.value) == OTHER:
            raise LookupError(f"label {label.name} of metric {row.name} has no value {value.value!r}")


OF_SCRAPES = {"le", "job", "instance"}  # labels that Prometheus adds
PARTS = {Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}


def faults_of_rule(expression: str) -> list[str]:
    """Give what is wrong with an expression of Prometheus: metrics, labels and values that do not exist."""
    used, faults = [], []
    for name, matchers in re.findall(r"\b(exoswitch_\w+)(?:\{([^}]*)\})?", expression):
        row = _scraped().get(name)
        if row is None:
            faults.append(f"there is no metric {name}")
        else:
            used.append(row)
            faults += _faults_of_matchers(name, row, matchers)
    known = OF_SCRAPES.union(*(row.label_names for row in used))
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        faults += [
            f"no metric of the rule has the label {label}"
            for label in re.findall(r"\w+", labels)
            if label not in known
        ]
    return faults


def _scraped() -> dict[str, Metric]:
    """Give the names of all series as Prometheus has them."""
    return {f"exoswitch_{row.name}{part}": row for row in METRICS.values() for part in PARTS.get(row.kind, ("",))}


def _faults_of_matchers(name: str, row: Metric, matchers: str) -> Iterator[str]:
    labels = {label.name: label for label in row.labels}
    for label, values in re.findall(r'(\w+)\s*[=!]~?\s*"([^"]*)"', matchers):
        if label not in labels and label not in OF_SCRAPES:
            yield f"{name} has no label {label}"
        elif label in labels:
            unknown = [value for value in values.split("|") if labels[label].admit(value) == OTHER]
            yield from (f"label {label} of {name} has no value {value}" for value in unknown)
