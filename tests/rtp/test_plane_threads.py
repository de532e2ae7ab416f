"""The plane in C ticks in one thread while another gives commands: no race, no wrong access of memory, no leak.

The bots' sockets are served meanwhile, half of them over TLS where the machine has OpenSSL 3, and the ticks have the
clock of ticking.c for half of the time. The groups of calls are small, so that all of them are in use and full.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from tests.harness.certificates import Authority

ROOT = Path(__file__).parents[2]
ROOMS = [ROOT / "native" / room for room in ("audio", "bytes", "machine", "rtp", "tls", "ws")]
PROGRAM = ROOT / "tests" / "harness" / "plane_threads.c"
COMPILER = shutil.which(os.environ.get("CC", "cc"))
ENVIRONMENT = {**os.environ, "LD_PRELOAD": ""}  # the program has the sanitizer in it
MILLISECONDS = os.environ.get("EXOSWITCH_THREADS_MS", "1500")

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


def compiled(*arguments):
    includes = [f"-I{room}" for room in ROOMS]
    command = [COMPILER, "-std=gnu11", "-O1", "-g", "-DGROUP_CALLS=2", *includes, *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_the_program_fits_the_headers_of_the_plane():
    assert compiled("-Wall", "-Wextra", "-fsyntax-only", PROGRAM).stderr == ""


@pytest.mark.loopback
@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_commands_while_the_plane_ticks(tmp_path, sanitizer):
    sources = [PROGRAM, *(path for room in ROOMS for path in room.glob("*.c"))]
    flags = [f"-fsanitize={sanitizer}", "-fno-sanitize-recover=undefined", "-lm", "-lpthread"]
    built = compiled(*sources, *flags, "-o", tmp_path / "plane_threads")
    if "cannot find" in built.stderr:
        pytest.skip("the compiler has no sanitizers")
    assert built.returncode == 0, built.stderr
    (tmp_path / "bot.pem").write_bytes(Authority().issue_pem(x509.DNSName("voice_bot")))
    ran = subprocess.run(
        [tmp_path / "plane_threads", MILLISECONDS, "7", tmp_path / "bot.pem"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
