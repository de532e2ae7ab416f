"""The command `exoswitch reload`, where no gateway is asked."""

from exoswitch.cli import main


def test_bad_file_is_told_with_all_problems_and_that_nothing_was_changed(tmp_path, capsys):
    file = tmp_path / "gateway.yaml"
    file.write_text("nodes: gw1\nasterisks: []\n")
    assert main(["reload", str(file)]) == 2
    *problems, last = capsys.readouterr().err.splitlines()
    assert problems == [
        "nodes: is not a known key; did you mean 'node'?",
        "asterisks: must have at least one entry",
    ]
    assert last == f"{file}: cannot be used: nothing was changed"
