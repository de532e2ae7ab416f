import argparse
from typing import get_args

import pytest

from exoswitch.cli import main
from exoswitch.commands import bench_options
from exoswitch.config.model import RtpConfig
from exoswitch.config.values import MediaPlane, MediaTick


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--calls", "100,many"], "'many' is no count: write a number from 1 to 10000"),
        (["--chunk-ms", "30"], "'30' is no length of a message: write a multiple of 20 ms, from 20 to 200"),
        (["--seconds", "0"], "'0' is no duration: write a number from 1 to 600"),
        (["--set-ups", "1000"], "'1000' is no number of calls a second: write a number from 0 to 200"),
        (["--compare", "floor"], "'floor' is no design: write plain or python"),
        (["--plot", "calls.pdf"], "'calls.pdf' has no known suffix"),
    ],
)
def test_a_wrong_option_is_refused_with_a_remedy(words, error, capsys):
    with pytest.raises(SystemExit):
        main(["bench", *words])
    assert error in capsys.readouterr().err


def test_the_media_plane_is_chosen_as_in_a_configuration():
    assert (get_args(MediaPlane), get_args(MediaTick)) == (bench_options.PLANES, bench_options.TICKS)
    parser = argparse.ArgumentParser()
    bench_options.add_bench_options(parser)
    chosen = parser.parse_args([])
    assert (chosen.plane, chosen.tick) == (RtpConfig().plane, RtpConfig().tick)


def test_a_thread_for_the_plane_in_python_is_refused_with_a_remedy(capsys):
    pytest.importorskip("exoswitch.bench._load", reason="needs the compiled load")
    assert main(["bench", "--plane", "python", "--tick", "thread"]) == 1
    told = capsys.readouterr().err
    assert "--tick is thread, and a thread can run the compiled media plane only" in told
    assert "set --plane to auto or compiled" in told


def test_a_picture_without_matplotlib_is_refused_with_the_remedy(monkeypatch, tmp_path, capsys):
    pytest.importorskip("exoswitch.bench._load", reason="needs the compiled load")
    monkeypatch.setattr("exoswitch.commands.outputs.find_spec", lambda name: None)
    assert main(["bench", "--plot", str(tmp_path / "a.svg")]) == 2
    assert "pip install 'exoswitch[plot]'" in capsys.readouterr().err


def test_an_install_without_a_compiler_says_that_it_cannot_measure(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "exoswitch.bench._load", None)
    assert main(["bench", "--calls", "1"]) == 1
    assert "no compiled load generator" in capsys.readouterr().err
