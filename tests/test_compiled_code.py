"""The rules of the house for C and Cython that a program can check: sizes, first lines, and no macros as code."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINES_MAX = 400
COLUMNS_MAX = 120
LINES_OF_FUNCTION_MAX = 40

# A macro guards a header, asks the system's headers for more, or names a processor for which a function is compiled.
MACRO = re.compile(r"#define (EXOSWITCH_\w+_H|_GNU_SOURCE /\*.*\*/|\w+ __attribute__\(\(target\(.*\)\)\))")
CYTHON_FUNCTION = re.compile(r"( *)(?:def|cp?def) [^=]*\(.*")

Lines = list[str]


def read(folder: str, *endings: str) -> dict[str, Lines]:
    """Give the lines of all files of a kind."""
    paths = [path for ending in endings for path in (ROOT / folder).rglob(f"*.{ending}")]
    return {str(path.relative_to(ROOT)): path.read_text().splitlines() for path in sorted(paths)}


C = read("native", "c", "h") | read("tests", "c", "h")
MODULES = read("exoswitch", "pyx")
PARTS = read("exoswitch", "pxi", "pxd")


def breaches(rule, files):
    """Give what each file does against a rule; {} is good."""
    return {name: breach for name, lines in files.items() if (breach := rule(lines))}


def c_functions(lines: Lines) -> Iterator[tuple[int, int]]:
    """Give the line and the size of each function: its braces stand in the first column."""
    opened = 0
    for number, line in enumerate(lines, 1):
        if line == "{":
            opened = number
        elif line == "}":
            yield opened, number - opened + 2  # with a line for its name


def cython_functions(lines: Lines) -> Iterator[tuple[int, int]]:
    """Give the line and the size of each function: it goes on for as long as lines are indented more."""
    for first, line in enumerate(lines):
        if found := CYTHON_FUNCTION.fullmatch(line):
            size = 1
            for number, inner in enumerate(lines[first + 1 :], 2):
                if inner.strip() and not inner.startswith(found[1] + " "):
                    break
                size = number if inner.strip() else size
            yield first + 1, size


def long_ones(functions):
    return lambda lines: [line for line, size in functions(lines) if size > LINES_OF_FUNCTION_MAX]


def test_there_is_compiled_code_to_look_at():
    assert len(C) > 50
    assert len(list(c_functions(C["native/rtp/leg.c"]))) > 20
    assert len(list(cython_functions(MODULES["exoswitch/rtp/_plane.pyx"]))) > 20


def test_every_file_and_every_line_of_it_is_short():
    def long_lines(lines):
        return [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS_MAX]

    assert breaches(lambda lines: len(lines) > LINES_MAX, C | MODULES | PARTS) == {}
    assert breaches(long_lines, C | MODULES | PARTS) == {}


def test_every_function_is_short():
    assert breaches(long_ones(c_functions), C) == {}
    assert breaches(long_ones(cython_functions), MODULES | PARTS) == {}


def test_every_file_says_first_of_all_what_it_is():
    assert breaches(lambda lines: not lines[0].startswith("/* "), C) == {}
    assert breaches(lambda lines: not lines[0].startswith("# "), PARTS) == {}
    assert breaches(lambda lines: not re.match(r'"""(Core|Port|Adapter|Root): ', lines[1]), MODULES) == {}


def test_no_macro_is_code():
    def macros(lines):
        return [line for line in lines if line.startswith("#define") and not MACRO.fullmatch(line)]

    assert breaches(macros, C) == {}
