import csv
import os

import dirty
import numpy as np
import pandas as pd
import pytest

from datagen.characters import load
from datagen.checks.label import groups
from datagen.curate import configure, curate
from datagen.errors import InputError, UsageError
from datagen.frame import frame
from datagen.frames import Frames, frame_chunk
from datagen.lock import hold
from datagen.manifest import REJECTED
from datagen.seeds import hex64
from datagen.sources import open_source
from datagen.survey import ids

QUIET = configure(None, [], trains=False)


def run(folder, files, config=QUIET, **sources):
    folder.mkdir(exist_ok=True)
    path = dirty.write(folder / "set.zip", files)
    done = curate({"set": path, **sources}, folder / "out", config, workers=1)
    return done, table(done)


def table(done):
    rows = pd.read_csv(done.folder / "curated.csv", dtype=str, keep_default_na=False)
    assert len(rows) == done.pictures
    return rows.set_index("origin")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    files = dirty.clean()
    first = dirty.symbol("A", 0)
    files |= {
        "train/U+0041/same.png": dirty.png(first),
        "train/U+0041/moved.png": dirty.png(dirty.shifted(first)),
        "train/U+0041/again.jpg": dirty.jpeg(dirty.shifted(dirty.symbol("A", 1))),
        "test/U+0041/leak.png": dirty.png(dirty.symbol("A", 2)),
        "test/U+0047/near-leak.jpg": dirty.jpeg(dirty.symbol("G", 3)),
        "train/U+0047/torn.png": dirty.png(dirty.symbol("k", 4)),
        "train/U+0047/near-torn.jpg": dirty.jpeg(dirty.symbol("k", 6)),
        "train/U+0047/white.png": dirty.png(np.full((48, 48), 255, np.uint8)),
        "train/U+0047/cut.png": dirty.png(dirty.symbol("G", 5))[:90],
        "train/U+0047/dark.png": dirty.png(255 - dirty.symbol("G", 40)),
        "train/U+0041/border.png": dirty.png(dirty.symbol("A", 40)[:28, 8:40]),
        "train/U+006B/small.png": dirty.png(
            np.pad(dirty.symbol("k", 41)[::4, ::4], 18, constant_values=255)
        ),
        "train/U+006B/speck.png": dirty.png(_speck()),
        "train/nothing/1.png": dirty.png(first),
    }
    return run(tmp_path_factory.mktemp("found") / "x", files)


def _speck():
    pixels = np.full((48, 48), 255, np.uint8)
    pixels[20:21, 20:22] = 0
    return pixels


@pytest.mark.parametrize(
    ("origin", "verdict", "check"),
    [
        ("train/U+0041/moved.png", "drop", "near-duplicate"),
        ("train/U+0041/same.png", "drop", "duplicate"),
        ("train/U+0041/again.jpg", "drop", "near-duplicate"),
        ("train/U+0041/002.png", "drop", "leak"),
        ("test/U+0041/leak.png", "keep", ""),
        ("train/U+0047/003.png", "drop", "near-leak"),
        ("test/U+0047/near-leak.jpg", "keep", ""),
        ("train/U+0047/torn.png", "drop", "two-labels"),
        ("train/U+006B/004.png", "drop", "two-labels"),
        ("train/U+0047/near-torn.jpg", "review", "near-labels"),
        ("train/U+006B/006.png", "review", "near-labels"),
        ("train/U+0047/white.png", "drop", "no-ink"),
        ("train/U+0047/cut.png", "drop", "unreadable"),
        ("train/U+0047/dark.png", "keep", "polarity"),
        ("train/U+0041/border.png", "review", "clipped"),
        ("train/U+006B/speck.png", "drop", "ink"),
        ("train/nothing/1.png", "drop", "no-class"),
        ("train/U+0052/010.png", "keep", ""),
    ],
)
def test_each_defect_is_found_by_its_check(found, origin, verdict, check):
    row = found[1].loc[origin]
    assert (row["verdict"], row["check"]) == (verdict, check), row["reason"]
    assert bool(row["reason"]) == bool(check)


def test_a_much_smaller_symbol_is_noticed(found):
    row = found[1].loc["train/U+006B/small.png"]
    assert row["verdict"] == "review"
    assert "size" in (row["check"], *row["also"].split())


def test_clean_pictures_are_left_alone(found):
    clean = found[1].loc[[name for name in dirty.clean() if name in found[1].index]]
    assert (clean["verdict"] == "keep").mean() > 0.88


def test_the_suggestion_is_the_other_label(found):
    assert found[1].loc["train/U+0047/near-torn.jpg", "suggested"] == "U+006B"


def test_what_is_left_out_is_listed_and_counted(found):
    done, rows = found
    out = pd.read_csv(done.folder / "rejected.csv", dtype=str, keep_default_na=False)
    assert list(out.columns) == list(REJECTED)
    assert set(out["origin"]) == set(rows.index[rows["verdict"] == "drop"])
    assert (out["reason"] != "").all()
    counts = pd.read_csv(done.folder / "summary.csv", dtype=str, keep_default_na=False)
    assert counts["pictures"].astype(int).sum() == len(rows) == sum(done.verdicts.values())


def test_simple_shapes_do_not_flood(tmp_path):
    files = {}
    for text in "-|.1":
        for number in range(40):
            files[f"U+{ord(text):04X}/{number}.png"] = dirty.png(dirty.symbol(text, number))
    _, rows = run(tmp_path / "x", files)
    assert (rows["check"].isin(["near-duplicate", "near-labels"])).mean() < 0.1


def test_two_runs_and_another_order_give_the_same(found, tmp_path):
    done, _ = found
    before = {p.name: p.read_bytes() for p in done.folder.glob("*.*") if p.is_file()}
    curate({"set": done.folder.parent / "set.zip"}, done.folder, QUIET, workers=2)
    assert before == {p.name: p.read_bytes() for p in done.folder.glob("*.*") if p.is_file()}
    files = dirty.clean("AG", 12)
    files["train/U+0041/copy.png"] = files["train/U+0041/003.png"]
    _, one = run(tmp_path / "one", files)
    _, other = run(tmp_path / "other", dict(reversed(files.items())))
    assert one["id"].to_dict() == other["id"].to_dict()


def test_ids_of_copies_do_not_depend_on_the_order():
    content = np.array([5, 9, 5, 5], np.uint64)
    label = np.array([1, 0, 0, 1], np.int16)
    origins = ["b", "x", "c", "a"]
    first = ids(content, label, ["s"] * 4, origins)
    back = ids(content[::-1], label[::-1], ["s"] * 4, origins[::-1])
    assert [hex64(i) for i in first] == [hex64(i) for i in back[::-1]]
    assert len(set(first.tolist())) == 4
    assert first[1] == 9


def test_the_survey_frames_as_prediction_does(tmp_path):
    path = dirty.write(tmp_path / "set.zip", dirty.clean("Ag", 4))
    for chunk in open_source("folder", path, load()).index():
        framed = frame_chunk(Frames(chunk, 32, "tight"))
        for pixels, picture in zip(framed.pixels, chunk.load(), strict=True):
            assert np.array_equal(pixels, frame(picture.pixels, 32))


def test_a_run_goes_on_where_it_stopped_and_mends_what_is_damaged(found, tmp_path):
    files = dirty.clean("A", 9)
    done, before = run(tmp_path / "x", files)
    kept = next((done.folder / ".build/chunks").iterdir())
    stamp = kept.stat().st_mtime_ns
    curate({"set": tmp_path / "x/set.zip"}, done.folder, QUIET, workers=1)
    assert kept.stat().st_mtime_ns == stamp
    kept.write_bytes(kept.read_bytes()[:100])
    curate({"set": tmp_path / "x/set.zip"}, done.folder, QUIET, workers=1)
    assert table(done).equals(before)


def test_another_source_is_not_mixed_in(tmp_path):
    done, _ = run(tmp_path / "x", dirty.clean("A", 5))
    dirty.write(tmp_path / "x/set.zip", dirty.clean("A", 6))
    with pytest.raises(InputError, match="differs in its source set"):
        curate({"set": tmp_path / "x/set.zip"}, done.folder, QUIET, workers=1)
    with pytest.raises(UsageError, match="no source"):
        curate({}, tmp_path / "y", QUIET)
    with pytest.raises(UsageError, match=r"size \(=4\)"):
        curate({"set": tmp_path / "x/set.zip"}, tmp_path / "y", QUIET, size=4)


def test_an_empty_class_and_one_picture_do_no_harm(tmp_path):
    done, rows = run(tmp_path / "x", {"A/1.png": dirty.png(dirty.symbol("A", 1))})
    assert list(rows["verdict"]) == ["keep"]
    assert done.page.exists()


def test_look_alikes_and_cases_are_one_group():
    chars = load()
    group = groups(chars)
    label = {c.char: c.label for c in chars}
    for one, two in ("0O", "Oo", "1l", "Cc", "Mm", "aA"):
        assert group[label[one]] == group[label[two]]
    for one, two in ("AB", "08", "+-"):
        assert group[label[one]] != group[label[two]]


def test_the_known_copies_of_the_real_sets_are_found(real_data, tmp_path):
    sources = {
        "symbols": real_data / "math-symbols.zip",
        "operators": real_data / "kaggle-operators.zip",
    }
    done = curate(sources, tmp_path / "out", QUIET, workers=2)
    rows = pd.read_csv(done.folder / "curated.csv", dtype=str, keep_default_na=False)
    operators = rows[rows["source"] == "operators"]
    copies = operators["check"].isin(["duplicate", "leak", "two-labels"]).sum()
    assert copies >= 4737
    symbols = rows[(rows["source"] == "symbols") & (rows["check"] != "no-class")]
    assert symbols["check"].isin(["duplicate", "two-labels"]).sum() >= 170
    assert (operators["check"] == "two-labels").sum() >= 2
    plus = operators[operators["codepoint"] == "U+002B"]
    mended = plus["check"].eq("polarity") | plus["also"].str.contains("polarity")
    assert mended.sum() > 500
    assert set(plus.loc[plus["check"] == "polarity", "verdict"]) == {"keep"}


def test_csv_files_are_plain(found):
    for path in found[0].folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            assert len({len(row) for row in csv.reader(file, strict=True)}) == 1


def test_two_at_once_into_one_folder(tmp_path):
    path = dirty.write(tmp_path / "set.zip", dirty.clean("A", 3))
    with (
        hold(tmp_path / "out", "curation"),
        pytest.raises(InputError, match=f"process {os.getpid()} on .* works in it"),
    ):
        curate({"set": path}, tmp_path / "out", QUIET, workers=1)
    assert not (tmp_path / "out").exists()
