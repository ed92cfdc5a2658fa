"""Finding and auditing fonts: the installed families, copies, groups, the cache, the table."""

import csv
import random
import shutil

import pytest
from fontTools.ttLib import TTFont

from datagen import characters, font_crew
from datagen.font_audit import audit_file
from datagen.font_files import FontFile, catalog, find_fonts
from datagen.font_findings import FileAudit
from datagen.font_proof import count_faces
from datagen.font_styles import STYLES
from datagen.fonts import COLUMNS, audit, fonts

TABLE = characters.load()


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """One cache for the module, not the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATH_VISION_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def installed(cache, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("empty"))
        found = find_fonts()
        if found.missing:
            pytest.skip(f"{len(found.missing)} font packages are not installed")
        one_each = {file.family.slug: file for file in reversed(found.files)}
        return audit(list(one_each.values()), TABLE)


def source(slug, name):
    family = next(family for family in catalog() if family.slug == slug)
    if family.folder is None:
        pytest.skip(f"{family.package} is not installed")
    return family.folder / name


def without_paths(result):
    return [row[1:] for row in result.rows()]


def test_catalogue_is_sorted_licensed_and_styled():
    slugs = [family.slug for family in catalog()]
    assert slugs == sorted(set(slugs))
    assert len(slugs) >= 60
    assert {family.license for family in catalog()} == {"OFL-1.1", "Apache-2.0"}
    assert {family.style for family in catalog()} == set(STYLES)
    assert all(family.copyright for family in catalog())


def test_catalogue_families_draw_nearly_all_classes(installed):
    assert {face.family for face in installed.faces} == {family.family for family in catalog()}
    assert not installed.rejected
    for face in installed.faces:
        capitals_only = "U+0061" in face.reasons
        assert len(face.labels) >= len(TABLE) - (26 if capitals_only else 2), face.family


def test_known_verdicts_on_real_fonts(installed):
    capitals = {face.family for face in installed.faces if "U+0061" in face.reasons}
    assert capitals == {"Bebas Neue", "Bungee", "Cinzel", "Luckiest Guy", "Permanent Marker"}
    reasons = {face.family: face.reasons for face in installed.faces}
    assert reasons["Sanchez"] == {"U+005E": "not in the font"}
    assert reasons["Press Start 2P"] == reasons["Caveat"] == {}


def test_a_glyph_that_only_fails_between_the_ends_of_an_axis_is_found(installed):
    (upright,) = audit_file(source("alumni-sans", "AlumniSans[wght].ttf"), TABLE).faces
    assert upright.reasons == {"U+0025": "its parts change places between wght=100 and 900"}
    (italic,) = audit_file(source("alumni-sans", "AlumniSans-Italic[wght].ttf"), TABLE).faces
    assert italic.reasons == {}
    assert not [f for f in installed.faces if "change places" in "".join(f.reasons.values())]


def test_families_of_one_origin_share_a_group(installed):
    group = {face.family: face.group for face in installed.faces}
    cuts = [f for f in find_fonts().files if f.family and f.family.slug.startswith("lobster")]
    assert {face.family: face.group for face in audit(cuts, TABLE).faces} == {
        "Lobster": "Lobster",
        "Lobster Two": "Lobster",
    }
    assert group["Lora"] == "Lora"
    assert len(set(group.values())) > 0.9 * len(group)


def test_order_and_place_of_the_files_change_nothing(installed, tmp_path):
    files = [file for file in find_fonts().files if file.family][::9]
    result = audit(files, TABLE)
    moved = []
    for number, file in enumerate(files):
        folder = tmp_path / f"{-number % 7}"
        folder.mkdir(exist_ok=True)
        moved.append(FontFile(shutil.copy(file.path, folder), file.family))
    moved = [FontFile(tmp_path / file.path, file.family) for file in moved]
    random.Random(3).shuffle(moved)
    assert without_paths(audit(moved, TABLE)) == without_paths(result)


def test_renamed_copy_is_refused_and_the_catalogued_font_kept(tmp_path):
    with TTFont(source("abel", "Abel-Regular.ttf")) as font:
        for name in font["name"].names:
            name.string = "Aaa"
        font.save(tmp_path / "aaa.ttf")
    family = next(family for family in catalog() if family.slug == "abel")
    result = audit(
        [FontFile(tmp_path / "aaa.ttf"), FontFile(source("abel", "Abel-Regular.ttf"), family)],
        TABLE,
    )
    assert [face.family for face in result.faces] == ["Abel"]
    assert [font.reason for font in result.rejected] == ["same outlines as Abel Abel-Regular.ttf"]


def test_fonts_with_half_of_their_letters_shared_are_one_group(tmp_path):
    abel = source("abel", "Abel-Regular.ttf")
    shutil.copy(abel, tmp_path)
    with TTFont(abel) as font:
        for name in font["name"].names:
            name.string = "Zebra"
        for table in font["cmap"].tables:
            for one, other in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrsta", strict=True):
                table.cmap[ord(one)] = f"{other}"
        font.save(tmp_path / "zebra.ttf")
    faces = fonts([tmp_path], installed=False).faces
    assert [(face.family, face.group) for face in faces] == [("Abel", "Abel"), ("Zebra", "Abel")]


def test_any_table_of_characters(installed):
    table = characters.parse(
        "label,codepoint,name,aliases,shape\n"
        + "".join(f"{i},U+{ord(c):04X},,,U+{ord(c):04X}\n" for i, c in enumerate("×÷π√∑∞"))
    )
    math = source("open-sans", "OpenSans[wdth,wght].ttf")
    no_greek = source("abel", "Abel-Regular.ttf")
    faces = audit([FontFile(math), FontFile(no_greek)], table).faces
    usable = {face.family: {table[label].char for label in face.labels} for face in faces}
    assert usable["Open Sans"] == set("×÷π√∑∞")
    assert {"×", "÷"} <= usable["Abel"]
    # Bars and squares are alike in most fonts, which makes them no copies of each other.
    dots = characters.parse("label,codepoint,name,aliases,shape\n0,U+007C,,,U+007C\n")
    files = [f for f in find_fonts().files if f.family and f.family.style == "sans"][::4]
    assert len({face.group for face in audit(files, dots).faces}) > len(files) / 4


def test_second_audit_starts_no_worker_and_is_equal(installed, tmp_path, monkeypatch):
    files = find_fonts().files[:20]
    first = audit(files, TABLE)
    monkeypatch.setattr(font_crew, "COMMAND", ["false"])
    assert audit(files, TABLE) == first


@pytest.mark.parametrize("spoilt", [b"", b"{", b'{"faces": [{}], "rejected": []}', b"\xff\xfe"])
def test_spoilt_cache_is_made_anew(cache, tmp_path, spoilt):
    shutil.copy(source("abel", "Abel-Regular.ttf"), tmp_path)
    first = fonts([tmp_path], installed=False)
    (kept,) = cache.rglob(f"*{TABLE.digest[:16]}/{first.faces[0].sha256}.json")
    good = kept.read_bytes()
    kept.write_bytes(spoilt)
    assert fonts([tmp_path], installed=False) == first
    assert kept.read_bytes() == good


def test_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file where a folder should be")
    monkeypatch.setenv("MATH_VISION_CACHE", str(tmp_path / "file"))
    shutil.copy(source("abel", "Abel-Regular.ttf"), tmp_path)
    assert len(fonts([tmp_path], installed=False).faces) == 1


def test_audit_of_a_file_survives_json():
    found = audit_file(source("caveat", "Caveat[wght].ttf"), TABLE)
    again = FileAudit.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert again.faces[0].axes[0].tag == "wght"


def test_csv_has_a_row_for_each_character_and_each_refused_file(tmp_path):
    shutil.copy(source("sanchez", "Sanchez-Regular.ttf"), tmp_path)
    (tmp_path / "page.ttf").write_text("<!doctype html><html></html>")
    (tmp_path / "notes.txt").write_text("not counted as a font")
    result = fonts([tmp_path], tmp_path / "out" / "fonts.csv", installed=False)
    assert result.ignored == 1
    with (tmp_path / "out" / "fonts.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["codepoint"] for row in rows] == [c.codepoint for c in TABLE] + [""]
    refused = [row for row in rows if row["usable"] == "0"]
    assert [(row["codepoint"], row["reason"]) for row in refused] == [
        ("U+005E", "not in the font"),
        ("", "it is an HTML page, not a font"),
    ]


def test_folders_are_searched_deeply_once_and_in_order(tmp_path):
    deep = tmp_path / "b" / "c"
    deep.mkdir(parents=True)
    for path in (deep / "x.TTF", tmp_path / "b" / "y.otf", tmp_path / "a.woff2"):
        path.write_bytes(b"")
    (deep / "loop").symlink_to(tmp_path, target_is_directory=True)
    (deep / "twin.ttf").symlink_to(deep / "x.TTF")
    named = tmp_path / "b" / "font.bin"
    named.write_bytes(b"")
    found = find_fonts([tmp_path, tmp_path / "b", named], installed=False)
    assert [file.path.name for file in found.files] == ["a.woff2", "y.otf", "twin.ttf", "font.bin"]


def test_fonts_folder_of_the_current_folder_is_searched(tmp_path, monkeypatch):
    (tmp_path / "fonts").mkdir()
    shutil.copy(source("abel", "Abel-Regular.ttf"), tmp_path / "fonts" / "mine.ttf")
    monkeypatch.chdir(tmp_path)
    assert "mine.ttf" in {file.path.name for file in find_fonts().files}


def test_every_suffix_of_a_real_font_is_proved_by_content(tmp_path):
    assert count_faces(source("abel", "Abel-Regular.ttf").read_bytes()) == 1
