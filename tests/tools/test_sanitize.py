"""tools/sanitize.py reads the reports of the leak finder."""

import importlib.util
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "sanitize.py"
REPORT = """
=================================================================
==7==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 40 byte(s) in 1 object(s) allocated from:
    #0 0x7f in __interceptor_malloc ../../src/asan_malloc_linux.cpp:69
    #1 0x7f in PyMem_RawMalloc (/usr/lib/libpython3.11.so+0x1)

Indirect leak of 512 byte(s) in 2 object(s) allocated from:
    #0 0x7f in __interceptor_malloc ../../src/asan_malloc_linux.cpp:69
    #1 0x7f in places_push /tmp/x/source/native/rtp/places.c:28

SUMMARY: AddressSanitizer: 552 byte(s) leaked in 3 allocation(s).
"""


def load():
    spec = importlib.util.spec_from_file_location("sanitize", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_memory_that_our_c_code_allocated_counts_as_a_leak(tmp_path):
    (tmp_path / "leaks.7").write_text(REPORT)
    found = load().leaks(tmp_path)
    assert len(found) == 1
    assert "places_push" in found[0]


def test_a_run_without_reports_has_no_leaks(tmp_path):
    assert load().leaks(tmp_path) == []
