"""The built wheel's core alone, in a clean environment with torch blocked, searches with a trained model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch import wiring
from semsearch.ingest.importing import import_rows
from semsearch.simulate import market
from semsearch.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "sentence_transformers", "transformers"):
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Block())
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    root = tmp_path_factory.mktemp("wheel") / "market"
    made = Workspace.create(root)
    goods = market(300, seed=3)
    goods.items.write_parquet(root / "items.parquet")
    now = datetime.now(UTC)
    import_rows(made, "items", [root / "items.parquet"], now=now)
    settings = wiring.load_settings(made).override("train", dim=32, seconds=3)
    wiring.train(made, settings, now=now, progress=lambda *_: None)
    release = wiring.build(made, settings, now=now, progress=lambda *_: None)
    wiring.publish(made, release.release_id, now=now)
    return root


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`semsearch` of a fresh environment that holds the wheel and its core dependencies only."""
    folder = tmp_path_factory.mktemp("core")
    run([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)])
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")])
    wheel = next(folder.glob("semsearch-*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "env/bin/python")]
    constraints = ROOT / "constraints.txt"
    run([*pip, "install", "-q", "--no-compile", "--constraint", str(constraints), str(wheel)])
    return folder / "env/bin/semsearch"


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_core_searches_without_torch(workspace: Path, core: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCK)
    blocked = {"PYTHONPATH": str(tmp_path)}
    env_python = str(core.parent / "python")
    for name in ("torch", "sentence_transformers", "kiwipiepy"):
        probe = subprocess.run([env_python, "-c", f"import {name}"], capture_output=True, check=False)
        assert probe.returncode != 0
    for mode in ("hybrid", "dense", "lexical"):
        query = "나이키"
        out = run([str(core), "search", query, "--all", "--mode", mode, "--json", "-w", str(workspace)], **blocked)
        assert json.loads(out)["hits"], mode


def test_core_answers_as_the_full_installation(workspace: Path, core: Path) -> None:
    command = ["search", "아이폰", "--all", "--json", "-w", str(workspace)]
    full = run([sys.executable, "-m", "semsearch", *command])
    assert json.loads(run([str(core), *command])) == json.loads(full)


def test_core_holds_the_prompts(core: Path) -> None:
    shipped = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "prompts").glob("*.md")}
    listed = json.loads(run([str(core), "prompts", "list", "--json"]))
    assert {row["id"] for row in listed} == shipped.keys()
    assert all(Path(row["path"]).is_relative_to(core.parents[1]) for row in listed)
    assert run([str(core), "prompts", "show", "spam-verdict"]) == shipped["spam-verdict"]


def test_core_holds_the_guideline(core: Path) -> None:
    told = "from semsearch.relevance import guideline as g; print(g.guideline_path(), len(g.worked_examples()))"
    path, n = run([str(core.with_name("python")), "-c", told]).split()
    assert Path(path).is_relative_to(core.parents[1])
    assert Path(path).read_bytes() == (ROOT / "labels" / "GUIDELINE.md").read_bytes()
    assert int(n) > 50


def test_core_says_which_extra_training_needs(workspace: Path, core: Path) -> None:
    done = subprocess.run(
        [str(core), "train", "-w", str(workspace)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 4
    assert "'.[train]'" in done.stderr
