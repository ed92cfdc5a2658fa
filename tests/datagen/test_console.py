import pytest

from datagen import console


@pytest.fixture
def shown():
    console.show(True)
    yield
    console.show(False)


def test_a_summary_keeps_paths_whole(shown, capsys):
    path = "/very/long" * 30
    console.summary("Done", {"images": 12345, "written to": path})
    title, images, written = capsys.readouterr().out.splitlines()
    assert title == "Done"
    assert images.split() == ["images", "12,345"]
    assert written.endswith(f"written to  {path}")


def test_nothing_is_shown_unless_a_command_line_asks(capsys):
    console.summary("Done", {"images": 1})
    console.note("by the way")
    with console.progress("working", 10, "images") as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")


def test_notes_take_brackets_as_they_are(shown, capsys):
    console.note("Caveat[wght].ttf [bold]x[/]")
    assert capsys.readouterr().err == "Caveat[wght].ttf [bold]x[/]\n"
