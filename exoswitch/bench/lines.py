"""Adapter: the conversation of a benchmark's programs: one JSON object a line, on standard input and output."""

import json
import select
import sys
from typing import Any


def hear() -> dict[str, Any] | None:
    """Wait for a line; None if the other side is gone."""
    line = sys.stdin.readline()
    return dict(json.loads(line)) if line else None


def is_heard() -> bool:
    """Whether a line waits, or the other side is gone."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def tell(document: dict[str, Any]) -> None:
    """Write a line."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
