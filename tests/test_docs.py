"""The pages to read: every file of a room is named, every command line can be parsed, and the words are plain."""

import contextlib
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from wordspot.tools.cli import main_group

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("data", "pipeline", "models", "tools")
READMES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("README.md") if not {".venv", "build"} & set(path.parts))
_PRIVATE_WORDS = (  # of this project's past, which nobody in the field uses
    r"heard right",
    r"hears \d",
    r"lessons",
    r"\btwins?\b",
    r"a line a word",
    r"an answer a clip",
    r"a row a clip",
    r"[Aa]imed at were",
    r"Compiled was",
    r"none too many",
    r"for ever\b",
    r"\bis told\b",
    r"an hour of\b(?! )",
)
_SENTENCES = (".py", ".md", ".html", ".js", ".kt", ".jinja")


def _tracked(*endings: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    return [ROOT / name for name in names if name.endswith(endings) and (ROOT / name).is_file()]


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_of_a_room_is_named_in_a_readme_of_it(room: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / room).rglob("README.md")]
    files = [path for path in (ROOT / room).rglob("*.py") if path.name != "__init__.py"]
    missing = [str(path.relative_to(ROOT)) for path in files if not any(f"`{path.name}`" in text for text in texts)]
    assert files
    assert not missing


def _commands(text: str) -> Iterator[str]:
    """Lines that call `wordspot`: in indented and fenced blocks, and between backticks."""
    yield from re.findall(r"^ {4,}(?:\S.*\| )?((?:\S*/)?wordspot [^#\n]*)", text, re.M)
    yield from re.findall(r"`(wordspot [a-z][^`\n]*)`", text)


CALLS = [(str(readme), call) for readme in READMES for call in _commands((ROOT / readme).read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("readme", "call"), CALLS)
def test_every_command_line_in_a_readme_can_be_parsed(readme: str, call: str) -> None:
    words = [word for word in shlex.split(re.sub(r"\[([A-Z]+)\]|\[--\S+(?: [A-Z]+)?\]", r"\1", call)) if word != "..."]
    name = words[1]
    if name in ("COMMAND", "--version"):
        return
    command = main_group.get_command(click.Context(main_group), name)
    assert command is not None, f"{readme}: there is no command {name}"
    arguments = [word.removesuffix("...") for word in words[2:]]
    if arguments and "--help" not in arguments:
        with contextlib.suppress(
            click.MissingParameter, click.BadOptionUsage
        ):  # a sentence may mention an option alone
            command.make_context(name, arguments)


def test_the_root_page_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_links_between_pages_lead_somewhere() -> None:
    for readme in READMES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / readme).read_text(encoding="utf-8")):
            assert (ROOT / readme.parent / target).exists(), f"{readme}: {target}"


def test_constants_read_as_quantities() -> None:
    for path in _tracked(".py"):
        found = re.findall(r"\b_?[A-Z]+_A_[A-Z]+\b", path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found}"


def test_words_are_those_of_the_field() -> None:
    for path in _tracked(*_SENTENCES):
        if path == Path(__file__) or path.name == "EXPERIMENTS.md":
            continue
        text = path.read_text(encoding="utf-8")
        found = [match[0] for word in _PRIVATE_WORDS for match in re.finditer(word, text)]
        assert not found, f"{path.relative_to(ROOT)}: {found}"
