"""The examples of docs/python.md and of the docstrings run as they are printed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import sightline

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PAGE = Path(__file__).parents[2] / "docs" / "python.md"
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(sightline.__path__, "sightline.")
    if not found.name.startswith(("sightline._proto", "sightline.demo"))
)


def run(test: doctest.DocTest) -> int:
    """Runs the examples; gives how many there were."""
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append)
    assert result.failed == 0, "".join(report)
    return result.attempted


def test_examples_of_the_page() -> None:
    text = re.sub(r"^```.*$", "", PAGE.read_text(), flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, {}, "python.md", str(PAGE), 0)
    assert run(examples) > 30


@pytest.mark.parametrize("name", ["sightline", *MODULES])
def test_examples_of_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        run(test)


def test_python_blocks_of_the_page_compile() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        compile(block, str(PAGE), "exec")
