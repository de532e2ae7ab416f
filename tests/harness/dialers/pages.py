"""The pages for dialers: their code blocks, with the names of the reader's servers replaced by those of a test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def blocks(page: str, language: str) -> list[str]:
    """Give the code blocks of a page in a language; there must be one."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found, f"{page} has no block in {language}"
    return found


def block(page: str, language: str) -> str:
    """Give the first code block of a page in a language."""
    return blocks(page, language)[0]
