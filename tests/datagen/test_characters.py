import csv
import unicodedata

import pytest

from datagen import characters
from datagen.errors import InputError

ALL = "!#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}"
HEADER = "label,codepoint,name,aliases,shape\n"


def test_the_89_classes_in_code_point_order():
    table = characters.load()
    assert "".join(c.char for c in table) == ALL
    assert len(table) == 89
    assert [c.label for c in table] == list(range(89))
    assert all(c.name == unicodedata.name(c.char) for c in table)


def test_the_file_holds_no_cell_that_a_spreadsheet_would_run():
    with characters.tracked_table("math-vision-89").open(newline="") as file:
        for row in csv.reader(file):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize(
    ("names", "chars"),
    [
        ("forward_slash ascii_124 gt lt", "/|><"),
        ("plus minus slash dot", "+-/."),
        ("add sub mul eq percent power com col sem", "+-*=%^,:;"),
        ("mod open_curve close_curve open_sharp close_sharp", "|()[]"),
        ("A_cap a_small Z_cap z_small", "AaZz"),
        (r"33 61 U+0041 u+0061 \% \{ lbrace vert ! = a A", "!=Aa%{{|!=aA"),
        ("0 9 48 57", "0909"),
    ],
)
def test_folder_names_of_the_common_sets(names, chars):
    table = characters.load()
    assert [table[table.find(name)].char for name in names.split()] == list(chars)


def test_a_name_of_no_class_is_none():
    assert characters.load().find("34") is None
    assert characters.load().find("times") is None


def test_every_class_is_found_by_char_code_and_code_point():
    table = characters.load()
    for c in table:
        assert {table.find(n) for n in (c.char, str(ord(c.char)), c.codepoint)} == {c.label}


def test_a_name_that_could_mean_two_classes_is_an_error():
    table = characters.parse(
        HEADER + "0,U+00B7,MIDDLE DOT,dot,U+00B7\n1,U+22C5,DOT OPERATOR,dot cdot,U+22C5\n"
    )
    assert table.find("cdot") == 1
    with pytest.raises(InputError, match=r"'dot' could mean U\+00B7 or U\+22C5"):
        table.find("dot")


def test_names_that_differ_in_case_only_are_ambiguous_in_a_third_case():
    table = characters.parse(HEADER + "0,U+0394,D,Delta,U+0394\n1,U+03B4,d,delta,U+03B4\n")
    assert (table.find("Delta"), table.find("delta")) == (0, 1)
    with pytest.raises(InputError, match="could mean"):
        table.find("DELTA")


def test_shapes_group_what_a_tight_crop_cannot_tell_apart():
    table = characters.load()
    groups: dict[int, str] = {}
    for c, shape in zip(table, table.shapes, strict=True):
        groups[shape] = groups.get(shape, "") + c.char
    several = {group for group in groups.values() if len(group) > 1}
    assert {"0Oo", "1Il|", "-_", "Cc"} <= several
    assert "A" in groups.values()


def test_round_trip():
    table = characters.load()
    again = characters.parse(table.to_csv())
    assert list(again) == list(table)
    assert again.digest == table.digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "missing"),
        ("label,codepoint\n0,U+0041\n", "name, aliases, shape are missing"),
        (HEADER + "1,U+0041,A,,U+0041\n", "row 1 has label '1'"),
        (HEADER + "0,0041,A,,U+0041\n", "write it like U\\+0041"),
        (HEADER + "0,U+D800,A,,U+D800\n", "write it like U\\+0041"),
        (HEADER + "0,U+110000,A,,U+110000\n", "write it like U\\+0041"),
        (HEADER + "0,U+0041,A,,U+0042\n", "is no class"),
        (HEADER + "0,U+0041,A,,U+0041\n1,U+0041,A,,U+0041\n", "twice"),
    ],
)
def test_a_broken_table_is_named(text, problem):
    with pytest.raises(InputError, match=f"mine.csv: .*{problem}"):
        characters.parse(text, "mine.csv")


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no\.csv: there is no such .*relative paths"):
        characters.load(tmp_path / "no.csv")
