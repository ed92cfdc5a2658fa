import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from datagen import __version__
from trainer.cli import app


def run_cli(*arguments):
    return CliRunner(env={"COLUMNS": "400"}).invoke(app, [str(argument) for argument in arguments])


def test_fit_evaluate_and_finetune_say_what_they_wrote(dataset, tmp_path):
    out = tmp_path / "run"
    fitted = run_cli("fit", dataset, "--out", out, "--preset", "quick", "--epochs", 1)
    assert fitted.exit_code == 0, fitted.output
    assert str(out / "model.keras") in fitted.stdout
    assert re.search(r"epoch 1/1 .*val_accuracy", fitted.stderr)
    again = run_cli("fit", dataset, "--out", out, "--preset", "quick", "--epochs", 1)
    assert "finished before" in again.stdout
    scored = run_cli("evaluate", out / "model.keras", dataset, "--out", tmp_path / "results")
    assert scored.exit_code == 0, scored.output
    assert str(tmp_path / "results") in scored.stdout
    tuned = run_cli(
        *("finetune", out / "model.keras", dataset, "--out", tmp_path / "tuned"),
        *("--epochs", 1, "--freeze", 3, "--quiet"),
    )
    assert tuned.exit_code == 0
    assert tuned.output == ""
    assert (tmp_path / "tuned" / "model.keras").exists()


def test_bad_data_exits_1_and_bad_usage_2(dataset, tmp_path):
    wrong = run_cli("fit", tmp_path, "--out", tmp_path / "run")
    assert wrong.exit_code == 1
    assert "isn't a dataset folder" in wrong.stderr
    assert run_cli("fit", dataset).exit_code == 2
    assert run_cli("predict", "model.keras", ".", "--format", "xml").exit_code == 2
    unknown = run_cli("fit", dataset, "--out", tmp_path / "run", "--preset", "huge")
    assert unknown.exit_code == 2
    assert "no preset is named 'huge'" in unknown.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["fit", "finetune", "evaluate", "predict"])
def test_help_has_an_example(command):
    done = run_cli(command, "--help")
    assert done.exit_code == 0
    assert f"Example: trainer {command}" in done.stdout


def test_version():
    assert run_cli("--version").stdout.strip() == f"trainer {__version__}"


def test_help_needs_no_heavy_library():
    code = (
        "import sys; from trainer.cli import app; app(['fit', '--help'], standalone_mode=False);"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
