"""Give the tests of this folder its two tools: run folders, and a reader of pages."""

import importlib.util
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.report import write_report

_VOID = {"meta", "link", "br", "wbr", "hr", "img", "input"}


def load(name: str) -> ModuleType:
    """Import a module which lies beside this file: test folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"report_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Page(HTMLParser):
    """A page taken apart; `faults` lists tags that do not match."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.markup = markup
        self.open, self.faults, self.tags, self.words = [], [], [], []
        self.feed(markup)
        self.close()
        self.faults += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"/{tag}")

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def sections(self) -> list[str]:
        return [attrs["id"] for tag, attrs in self.tags if tag == "section"]


@pytest.fixture(scope="session")
def synthetic():
    return load("synthetic_run")


@pytest.fixture(scope="session")
def browser():
    return load("browser")


@pytest.fixture
def run_folder(tmp_path, synthetic):
    """Return a function that writes a run folder of a variant."""
    return lambda variant="registered": synthetic.make_run(tmp_path / variant, variant)


@pytest.fixture
def report():
    """Return a function that writes a folder's report and reads it back."""
    return lambda folder: Page(write_report(folder).read_text(encoding="utf-8"))
