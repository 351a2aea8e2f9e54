"""docs/import.md says what the program does: its settings are read, its commands exist, its Python runs."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import polars as pl

from semsearch.ingest import mapping

DOCS = Path(__file__).resolve().parents[3] / "docs"
GUIDE = (DOCS / "import.md").read_text(encoding="utf-8")
LABELS = (DOCS / "label.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)


def test_the_settings_resolve():
    (text,) = blocks("toml")
    given = mapping.from_settings(tomllib.loads(text)["import"]["items"])
    mapped = mapping.resolve("items", ["id", "글제목", "specs", "대분류", "중분류"], given)
    assert set(mapped.fields) == {"item_id", "title", "currency", "attributes.brand", "category"}
    assert mapped.absent == ()


def test_every_map_example_is_read():
    names = ["id", "title", "글제목", "specs", "photos", "price_cents", "level1", "level2", "level3"]
    examples = re.findall(r"`(--map .+?)`[ ,|]", GUIDE)
    assert len(examples) >= 7
    for example in examples:
        mapped = mapping.resolve("items", names, mapping.parse_maps([shlex.split(example)[1]]))
        assert mapped.absent == (), example


def test_the_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("listings.csv").write_text("id,title\n1,a\n")
    scope: dict = {}
    exec(blocks("python")[0], scope)
    assert isinstance(scope["items"], pl.DataFrame)
    assert scope["items"].item(0, "currency") == "KRW"


def test_every_field_is_named():
    for kind, fields in mapping.ALIASES.items():
        for field in fields:
            assert field.split(".")[0] in (LABELS if kind == "labels" else GUIDE)
