"""The example in `semsearch.__doc__` does what it says, and importing the package loads nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import semsearch
from semsearch.simulate import market


def test_the_example_of_the_package_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMSEARCH_TRAIN__SECONDS", "3")
    items = market(200, seed=5).items.select("item_id", "title", "body", "price")
    items.write_csv("listings.csv")
    example = re.search(r"```python\n(.*?)```", semsearch.__doc__ or "", re.DOTALL)
    assert example
    exec(example.group(1).replace("에어팟 프로 2", items["title"][0]), {})
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"1 {items['title'][0]}")


def test_every_name_of_the_package_is_there() -> None:
    assert {name for name in semsearch.__all__ if getattr(semsearch, name) is None} == set()
    with pytest.raises(AttributeError):
        semsearch.nothing  # noqa: B018


@pytest.mark.parametrize("program", ["import semsearch", "import semsearch.cli.app"])
def test_import_is_light(program: str) -> None:
    heavy = {"numpy", "polars", "torch", "bm25s", "hnswlib", "tokenizers", "pydantic", "openai", "jinja2", "rapidfuzz"}
    heavy |= {"semsearch.workspace", "semsearch.wiring", "semsearch.settings"}
    code = f"import sys; {program}; print(*sorted(set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
