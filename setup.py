"""Compiles the media plane where there is a C compiler; without one, exoswitch runs its plane in Python.

The rest of the package is described in setup.cfg. `native/` has the C files, one folder for each subject.
With EXOSWITCH_REQUIRE_COMPILED=1 an install that cannot compile fails. With EXOSWITCH_SANITIZE=1 the compiled code
stops at an access outside of its memory, and at undefined behaviour: tools/sanitize.py runs the tests so.
"""

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

try:
    from Cython.Build import cythonize
except ImportError:  # a build without isolation, in an environment without Cython
    cythonize = None

IS_REQUIRED = os.environ.get("EXOSWITCH_REQUIRE_COMPILED") == "1"
IS_SANITIZED = os.environ.get("EXOSWITCH_SANITIZE") == "1"
NATIVE = Path("native")
ROOMS = {
    "exoswitch.audio._native": ("audio",),
    "exoswitch.network._tls": ("bytes", "tls"),
    "exoswitch.rtp._plane": ("audio", "bytes", "machine", "rtp", "tls", "ws"),
    "exoswitch.bench._load": ("bench", "bytes", "tls"),
    "exoswitch.bench._floor": ("bench", "bytes", "tls"),
}
"""Each extension module, and the folders of C files that it is linked from."""

FLAGS = ["-std=gnu11", "-O2", "-fvisibility=hidden", "-ffp-contract=off", "-Wall", "-Wextra"]
"""Without contraction, which fuses and rounds once, floats are the same as in Python on every processor."""

LIBRARIES = ["m", "dl", "pthread"]
"""The last two are empty since glibc 2.34, but wheels are compiled with an older one."""

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"]

NOT_COMPILED = """
exoswitch is installed without {missing}: they could not be compiled; the reason is above. It runs its Python code
instead, and carries fewer calls on a core. For the compiled code, install a C compiler and the headers of Python
(on Debian: apt-get install gcc python3-dev), and install exoswitch again with the options --force-reinstall
--no-cache-dir, since pip keeps what it made. `exoswitch doctor` says what runs.
"""


def extension(name: str, rooms: tuple[str, ...]) -> Extension:
    """Describe one extension module."""
    sources = sorted(str(path) for room in rooms for path in (NATIVE / room).glob("*.c"))
    headers = sorted(str(path) for room in rooms for path in (NATIVE / room).glob("*.h"))
    parts = sorted(str(path) for path in Path(name.replace(".", "/")).parent.glob("*.px[di]"))
    return Extension(
        name,
        [name.replace(".", "/") + ".pyx", *sources],
        include_dirs=[str(NATIVE), *(str(NATIVE / room) for room in rooms)],
        depends=headers + parts,
        libraries=LIBRARIES,
        extra_compile_args=FLAGS + SANITIZERS * IS_SANITIZED,
        extra_link_args=SANITIZERS * IS_SANITIZED,
    )


def extensions() -> list[Extension]:
    """Describe all extension modules; if one cannot be compiled, setuptools goes on without it."""
    described = [extension(name, rooms) for name, rooms in ROOMS.items()]
    if cythonize is None:
        if IS_REQUIRED:
            raise SystemExit("exoswitch cannot be compiled: Cython is missing")
        return []
    modules: list[Extension] = cythonize(described, build_dir="build/cython", quiet=True)
    for module in modules:
        module.optional = not IS_REQUIRED  # here, because cythonize does not keep it
    return modules


class Build(build_ext):
    """Compiles what it can, and says what it could not; pip shows that with `-v`."""

    def run(self) -> None:
        """Compile all extension modules."""
        super().run()
        missing = [module.name for module in self.extensions if not Path(self.get_ext_fullpath(module.name)).exists()]
        if missing:
            *others, last = missing
            self.warn(NOT_COMPILED.format(missing=f"{', '.join(others)} and {last}" if others else last))


setup(ext_modules=extensions(), cmdclass={"build_ext": Build})
