import dirty
import pandas as pd
import pytest

from datagen import decisions, tables
from datagen.build import build
from datagen.characters import load
from datagen.curate import configure, curate
from datagen.errors import InputError

QUIET = configure(None, [], trains=False)
HEAD = "id,verdict,codepoint,who,when\n"

RECIPE = """
name = "decided"
[train]
per_class = 3
[sources.fonts]
kind = "fonts"
[sources.set]
kind = "folder"
"""


@pytest.fixture
def before(tmp_path):
    files = dirty.clean("AG", 8)
    files["train/U+0047/torn.png"] = files["train/U+0041/002.png"]
    files["train/U+0041/copy.png"] = files["train/U+0041/003.png"]
    path = dirty.write(tmp_path / "set.zip", files)
    done = curate({"set": path}, tmp_path / "out", QUIET, workers=1)
    return path, done, rows(done)


def rows(done):
    table = pd.read_csv(done.folder / "curated.csv", dtype=str, keep_default_na=False)
    return table.set_index("origin")


def decide(path, *lines):
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return path


def test_decisions_win_over_every_check(before):
    path, done, found = before
    ids = found["id"]
    decide(
        done.folder / "decisions.csv",
        f"{ids['train/U+0041/002.png']},keep,,Ada,2026-01-02",
        f"{ids['train/U+0041/001.png']},drop,,Ada,2026-01-02",
        f"{ids['train/U+0047/001.png']},relabel,U+0036,Ada,2026-01-02",
        "0123456789abcdef,drop,,Ada,2026-01-02",
    )
    again = curate({"set": path}, done.folder, QUIET, workers=1)
    now = rows(again)
    assert now.loc["train/U+0041/002.png", ["verdict", "check"]].tolist() == ["keep", "decision"]
    assert now.loc["train/U+0041/001.png", "verdict"] == "drop"
    assert "Ada" in now.loc["train/U+0041/001.png", "reason"]
    assert now.loc["train/U+0047/001.png", ["verdict", "codepoint"]].tolist() == [
        "relabel",
        "U+0036",
    ]
    assert again.decided == 3
    assert any("1 decisions" in note for note in again.notes)


def test_a_dropped_picture_does_not_come_back_through_its_copy(before):
    path, done, found = before
    kept = next(
        o for o in ("train/U+0041/003.png", "train/U+0041/copy.png") if found.loc[o, "check"] == ""
    )
    decide(done.folder / "decisions.csv", f"{found.loc[kept, 'id']},drop,,,")
    now = rows(curate({"set": path}, done.folder, QUIET, workers=1))
    assert set(now.loc[["train/U+0041/003.png", "train/U+0041/copy.png"], "verdict"]) == {"drop"}


def test_the_later_of_two_decisions_holds_and_the_conflict_is_reported(before, tmp_path):
    path, done, found = before
    key = found.loc["train/U+0041/001.png", "id"]
    one = decide(tmp_path / "one.csv", f"{key},drop,,Ada,2026-01-03")
    two = decide(tmp_path / "two.csv", f"{key},keep,,Bob,2026-01-02")
    again = curate({"set": path}, done.folder, configure(None, [one, two], trains=False), workers=1)
    assert rows(again).loc["train/U+0041/001.png", "verdict"] == "drop"
    assert len(again.conflicts) == 1
    assert "Ada" in again.conflicts[0]
    assert "Bob" in (done.folder / "conflicts.csv").read_text()
    curate({"set": path}, done.folder, QUIET, workers=1)
    assert not (done.folder / "conflicts.csv").exists()


def test_build_obeys_decisions_and_lists_what_is_left_out(before, tmp_path):
    path, _, found = before
    ids = found["id"]
    said = decide(
        tmp_path / "said.csv",
        f"{ids['train/U+0041/001.png']},drop,,Ada,2026-01-02",
        f"{ids['train/U+0047/001.png']},relabel,U+0036,Ada,2026-01-02",
    )
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE)
    built = build(recipe, tmp_path / "d", {"set": path}, 1, [said])
    parts = [tables.read(p) for p in sorted((tmp_path / "d/manifests").glob("*-of-*.csv"))]
    table = pd.concat(parts).set_index("id")
    assert ids["train/U+0041/001.png"] not in table.index
    assert table.loc[ids["train/U+0047/001.png"], "codepoint"] == "U+0036"
    left = pd.read_csv(tmp_path / "d/manifests/rejected.csv", dtype=str).set_index("origin")
    assert "Ada" in left.loc["train/U+0041/001.png", "reason"]
    with pytest.raises(InputError, match="differs in its decisions"):
        build(recipe, built.folder, {"set": path}, 1)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("12,keep,,,", "row 2: id '12'"),
        ("0123456789abcdez,keep,,,", "row 2: id"),
        ("0123456789abcdef,delete,,,", "row 2: verdict 'delete'"),
        ("0123456789abcdef,relabel,,,", "row 2: relabel needs a codepoint"),
        ("0123456789abcdef,relabel,U+2603,,", "row 2: U\\+2603 is not one of the 89 classes"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, line, problem):
    path = decide(tmp_path / "d.csv", line)
    with pytest.raises(InputError, match=problem):
        decisions.read([path], load())


def test_a_missing_file_and_column(tmp_path):
    with pytest.raises(InputError, match="missing"):
        decisions.read([tmp_path / "no.csv"], load())
    (tmp_path / "d.csv").write_text("id,verdict\n")
    with pytest.raises(InputError, match="codepoint"):
        decisions.read([tmp_path / "d.csv"], load())
