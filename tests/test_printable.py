from exoswitch.printable import in_columns, printable


def test_text_of_another_side_moves_no_cursor():
    assert printable("+91\x1b[2J98\n") == "+91?[2J98?"


def test_columns_are_as_wide_as_their_longest_cell():
    assert in_columns(("SID", "WHY"), [("c1", "busy"), ("c100", "")]) == "SID   WHY\nc1    busy\nc100"


def test_table_without_rows_has_its_headings():
    assert in_columns(("SID", "WHY"), []) == "SID  WHY"
