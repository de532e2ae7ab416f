"""The source distribution, and the wheels made from it: compiled where there is a C compiler, and else in Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.installed

ROOT = Path(__file__).parents[1]
OF_THE_REPOSITORY = {".gitignore", ".pre-commit-config.yaml", ".ci/run"}
IN_THE_WHEEL = {".lua", ".py", ".pyi", ".sql", ".typed"}


def build(folder, *options, **environ):
    """Build from a folder into its `dist`; give the file and what the build printed."""
    words = [sys.executable, "-m", "build", "--no-isolation", *options]
    built = subprocess.run(
        words, cwd=folder, env=os.environ | environ, capture_output=True, text=True, timeout=240, check=False
    )
    assert built.returncode == 0, built.stderr[-4000:]
    [made] = (folder / "dist").iterdir()
    return made, built.stdout + built.stderr


@pytest.fixture(scope="module")
def tracked():
    """The files of the repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("this tree is no repository")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.splitlines() if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def source(tracked, tmp_path_factory):
    """An unpacked source distribution."""
    tree = tmp_path_factory.mktemp("tree")
    for name in tracked:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)
    made, _ = build(tree, "--sdist")
    unpacked = tmp_path_factory.mktemp("source")
    shutil.unpack_archive(made, unpacked, filter="data")
    [folder] = unpacked.iterdir()
    return folder


def wheel(source, folder, **environ):
    """Build a wheel from a copy of the source distribution; give its files, and what the build printed."""
    shutil.copytree(source, folder / "source")
    made, printed = build(folder / "source", "--wheel", **environ)
    shutil.unpack_archive(made, folder / "installed", "zip")
    names = {str(path.relative_to(folder / "installed")) for path in (folder / "installed").rglob("*")}
    return names, printed


def modules(names):
    return {name.partition(".")[0] for name in names if name.endswith(".so")}


def test_the_source_distribution_has_every_file_of_the_repository(source, tracked):
    missing = [name for name in tracked - OF_THE_REPOSITORY if not (source / name).exists()]
    assert not missing


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_where_there_is_a_compiler_the_wheel_is_compiled(source, tracked, tmp_path):
    names, printed = wheel(source, tmp_path, EXOSWITCH_REQUIRE_COMPILED="1")
    assert modules(names) == {name.removesuffix(".pyx") for name in tracked if name.endswith(".pyx")}
    assert "installed without" not in printed
    files = {name for name in tracked if name.startswith(("exoswitch/", "twisted/"))}
    assert {name for name in files if Path(name).suffix in IN_THE_WHEEL} <= names


def test_without_a_compiler_the_wheel_is_in_python_and_says_so(source, tmp_path):
    names, printed = wheel(source, tmp_path, CC="no-such-compiler")
    assert modules(names) == set()
    assert "installed without exoswitch.audio._native, exoswitch.network._tls, exoswitch.rtp._plane" in printed
    program = "from exoswitch.rtp.planes import choose_plane; print(choose_plane('auto'))"
    environ = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    chosen = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert chosen.stdout == "python\n"


def test_a_compilation_that_is_required_fails_without_a_compiler(source, tmp_path):
    with pytest.raises(AssertionError, match="no-such-compiler"):
        wheel(source, tmp_path, CC="no-such-compiler", EXOSWITCH_REQUIRE_COMPILED="1")
