"""Checks the form of the news fragments, and that a branch that changes the program has one."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

FOLDER = Path("newsfragments")
BASE = "origin/main"


def misshapen(kinds: list[str]) -> list[str]:
    """List the errors in the form of the fragments."""
    form = re.compile(rf"(\+[a-z0-9-]+|[0-9]+)\.({'|'.join(kinds)})(\.[0-9]+)?\.md")
    wrong = []
    for fragment in sorted(FOLDER.iterdir()):
        if fragment.name == "README.md":
            continue
        if not form.fullmatch(fragment.name):
            wrong.append(f"{fragment}: is not called +topic.KIND.md, with KIND one of {', '.join(kinds)}")
        elif not fragment.read_text(encoding="utf-8").strip():
            wrong.append(f"{fragment}: is empty")
    return wrong


def changed_files() -> list[str] | None:
    """List the files that this branch changed; None where there is no main branch to compare with."""
    command = ["git", "diff", "--name-only", f"{BASE}...HEAD"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return None


def touches(changed: list[str], *beginnings: str) -> bool:
    """Whether a changed file is one of these, or in one of these folders."""
    return any(name.startswith(beginnings) for name in changed)


def main() -> int:
    """Print the errors; 1 if there is one."""
    towncrier = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    wrong = misshapen([kind["directory"] for kind in towncrier["type"]])
    changed = changed_files()
    if changed is None:
        print(f"there is no {BASE} to compare with, so only the form of the fragments was checked")
    elif touches(changed, "exoswitch/") and not touches(changed, f"{FOLDER}/", "NEWS.md"):
        wrong.append(f"{FOLDER}: this branch changes exoswitch/ and adds no fragment; see {FOLDER}/README.md")
    print("\n".join(wrong) or "the news fragments are good")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
