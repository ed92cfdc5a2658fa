"""Card, Croissant, licences and citation say what the manifests say."""

import hashlib
import json
import logging

import pandas as pd
import pytest
import yaml

from datagen.cli import app
from datagen.describe import FILES, describe
from datagen.errors import InputError, UsageError
from datagen.export import export
from datagen.font_files import catalog
from datagen.verify import verify

foreign = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def described(dataset):
    describe(dataset)
    return dataset


def rows_of(folder):
    parts = sorted((folder / "manifests").glob("t*-*.csv")) + sorted(
        (folder / "manifests").glob("validation-*.csv")
    )
    return pd.concat([pd.read_csv(p, dtype=str, keep_default_na=False) for p in parts])


def licences(folder):
    return pd.read_csv(folder / "LICENSES.csv", dtype=str, keep_default_na=False)


def front(folder):
    head = (folder / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    return yaml.safe_load(head)


def test_a_build_is_described_and_verify_has_nothing_against_it(built, described):
    for name in FILES:
        assert (built.folder / name).read_bytes() == (described / name).read_bytes()
    assert verify(built.folder, workers=1).problems == ()


@foreign
def test_mlcroissant_finds_nothing_wrong_and_yields_every_record(described, caplog):
    mlcroissant = pytest.importorskip("mlcroissant")
    describe(described, url="https://example.org/small", date="2026-11-23")
    with caplog.at_level(logging.WARNING):
        opened = mlcroissant.Dataset(str(described / "croissant.json"))
    assert not opened.metadata.ctx.issues.errors
    assert not opened.metadata.ctx.issues.warnings
    assert not [r for r in caplog.records if "context" in r.getMessage()]
    records = {
        row["samples/id"].decode(): (row["samples/label"], row["samples/origin"].decode())
        for row in opened.records("samples")
    }
    rows = rows_of(described)
    wanted = {r.id: (int(r.label), r.origin) for r in rows.itertuples()}
    assert records == wanted
    assert len(list(opened.records("classes"))) == 89


def test_croissant_has_the_hash_of_every_shard_and_manifest(described):
    value = json.loads((described / "croissant.json").read_text(encoding="utf-8"))
    files = {f["contentUrl"]: f for f in value["distribution"] if f["@type"] == "cr:FileObject"}
    names = {p.name for p in described.glob("*.tfrecord-*")}
    names |= {f"manifests/{p.name}" for p in (described / "manifests").glob("*-of-*.csv")}
    assert files.keys() == names | {"manifests/characters.csv"}
    for name, file in files.items():
        data = (described / name).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["contentSize"] == f"{len(data)} B"


def test_each_family_and_source_stands_in_the_licences_with_its_records(described):
    table = licences(described)
    rows = rows_of(described)
    assert table["records"].astype(int).sum() == len(rows)
    sources = table[table["kind"] == "source"].set_index("name")
    assert set(sources.index) == {"emnist", "symbols"}
    again = rows["origin"][rows["source"] == "redrawn"]
    assert len(again) > 50
    for name, row in sources.iterrows():  # what was redrawn is the work of those who wrote it
        own = (rows["source"] == name).sum() + again.str.startswith(f"{name}:").sum()
        assert int(row["records"]) == own
    assert "Cohen" in sources.loc["emnist", "citation"]
    assert sources.loc["symbols", "license"] == "unknown"
    fonts = table[table["kind"] == "font"].set_index("name")
    known = {family.family: family for family in catalog()}
    assert len(fonts) > 5
    for name, row in fonts.iterrows():
        assert row["license"] == known[name].license
        assert row["copyright"] == known[name].copyright
    drawn = rows[(rows["source"] == "fonts") & rows["origin"].str.startswith("Caveat[")]
    assert int(fonts.loc["Caveat", "records"]) == len(drawn)


def test_what_a_person_fills_in_stays_and_goes_into_the_other_files(described):
    table = licences(described)
    mine = table["name"] == "symbols"
    table.loc[mine, ["license", "copyright"]] = ["CC-BY-4.0", "UNIPEN"]
    table.loc[mine, "records"] = "7"
    table.to_csv(described / "LICENSES.csv", index=False)
    done = describe(described)
    row = licences(described).set_index("name").loc["symbols"]
    assert (row["license"], row["copyright"]) == ("CC-BY-4.0", "UNIPEN")
    assert int(row["records"]) == (rows_of(described)["source"] == "symbols").sum()
    assert done.unknown == ("emnist",)
    assert "cc-by-4.0" in front(described)["license"]
    citation = yaml.safe_load((described / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"CC-BY-4.0"} == {r["license"] for r in citation["references"] if "license" in r}


def test_the_card_is_one_that_the_hub_reads(described, built):
    hub = pytest.importorskip("huggingface_hub")
    card = hub.DatasetCard.load(described / "README.md")
    assert card.data.task_categories == ["image-classification"]
    assert card.data.size_categories == [
        "1K<n<10K" if sum(built.records.values()) > 999 else "n<1K"
    ]
    assert "ofl-1.1" in card.data.license
    for split, records in built.records.items():
        assert f"| {split} | {records:,} |" in card.text


def test_the_citation_has_what_the_format_asks_for(described):
    value = yaml.safe_load((described / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= value.keys()
    assert value["cff-version"] == "1.2.0"
    titles = [reference["title"] for reference in value["references"]]
    assert titles == ["EMNIST: an extension of MNIST to handwritten letters", "symbols"]
    assert all({"type", "title", "authors"} <= r.keys() for r in value["references"])


def test_the_same_dataset_gives_the_same_files(described):
    before = {name: (described / name).read_bytes() for name in FILES}
    describe(described)
    assert {name: (described / name).read_bytes() for name in FILES} == before


def test_date_and_address_are_kept(described):
    describe(described, url="https://example.org/small", date="2026-11-23")
    describe(described)
    value = json.loads((described / "croissant.json").read_text(encoding="utf-8"))
    assert (value["url"], value["datePublished"]) == ("https://example.org/small", "2026-11-23")
    assert "date-released: '2026-11-23'" in (described / "CITATION.cff").read_text()
    with pytest.raises(UsageError, match="is no day; write it as YYYY-MM-DD"):
        describe(described, date="23.11.2026")


def test_an_export_brings_licences_and_citation_along(described, tmp_path):
    done = export(described, "parquet", tmp_path / "hub", ["test"])
    assert licences(done.folder)["records"].astype(int).sum() == done.records["test"]
    assert front(done.folder)["dataset_info"]["splits"][0]["num_examples"] == done.records["test"]
    assert (done.folder / "CITATION.cff").exists()
    assert str(tmp_path) not in (done.folder / "README.md").read_text(encoding="utf-8")


def test_what_is_wrong_is_said(described, tmp_path):
    with pytest.raises(InputError, match="no dataset is here"):
        describe(tmp_path)
    (described / "croissant.json").write_text("[")
    with pytest.raises(InputError, match=r"croissant\.json: can't be read"):
        describe(described)
    (described / "croissant.json").unlink()
    (described / "manifests/fonts.csv").write_text("font,sha256,family,license\n")
    with pytest.raises(InputError, match=r"fonts\.csv: the font .* is not in it"):
        describe(described)


def test_the_command_names_what_is_unknown(dataset):
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["describe", str(dataset)])
    assert done.exit_code == 0, done.output
    assert "emnist, symbols; fill in LICENSES.csv" in done.output
