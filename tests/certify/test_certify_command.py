"""The output files of `exoswitch certify`."""

from argparse import Namespace

from exoswitch.certify.command import EXIT_FAILED, _tell
from exoswitch.certify.verdict import Report


def test_a_run_without_a_conversation_says_that_nothing_was_saved(tmp_path, capsys):
    report = Report(bot="b", version="1", began_at="", seed=0, took_s=1.0, results=(), unfinished="Interrupted.")
    saved = tmp_path / "speech.jsonl"
    assert _tell(report, Namespace(json=None, junit=None, save=saved)) == EXIT_FAILED
    assert capsys.readouterr().err == (
        f"exoswitch certify: --save: {saved} was not written: the run ended before the conversation\n"
    )
    assert not saved.exists()
