"""`longtail` in every output mode, from a log to a taught candidate, and what it says to bad input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.e2e.program import Done, run
from tests.e2e.test_commands import commands

from semsearch import wiring
from semsearch.cli.output import CONTROL
from semsearch.simulate import market
from semsearch.simulate.files import write

pytest.importorskip("torch")

MADE = market(400, seed=900, n_searches=4_000, per_kind=1)
NASTY = "evil\x1b[31m\u202e [bold]chair[/bold]"
BAD = {"jamo": "ㅋ", "long": "아이폰 " * 125, "emoji": "🎧🎧", "nasty": NASTY, "plain": "아이폰 케이스"}
MODES = [
    (path, mode)
    for path, known in commands().items()
    for mode in ("", "--json", "--jsonl")
    if path.startswith("longtail ") and (not mode or mode in known)
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A served market with a log, a scan, and a candidate that was taught."""
    folder = tmp_path_factory.mktemp("longtail")
    files, root = folder / "made", folder / "market"
    write(MADE, files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring.building, "_segmenter", lambda _: None)  # Kiwi takes seconds to load
        assert run("init", "-w", root).code == 0
        (root / "semsearch.toml").write_text("[longtail]\nmin_actors = 1\nbound = 0.02\n[train]\ndim = 32\n")
        for kind in ("items", "interactions"):
            assert run("import", kind, files / f"{kind}.parquet", "-w", root).code == 0
        train = run("train", "--seconds", "3", "--epochs", "2", "--positives", "both", "-w", root)
        assert train.code == 0, train.err
        assert run("index", "build", "--publish", "-w", root).code == 0
        assert run("longtail", "scan", "-w", root).code == 0
        assert run("longtail", "train", "-w", root).code in (0, 3)
        yield root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "market"))


def refused(done: Done, code: int, *told: str) -> None:
    assert (done.code, done.out) == (code, "")
    assert "Next: " in done.err
    for words in told:
        assert words in done.err


@pytest.mark.parametrize(("path", "mode"), MODES, ids=lambda value: value or "plain")
def test_every_longtail_command_in_every_output_mode(path: str, mode: str, root: Path) -> None:
    done = run(*path.split(), "-w", root, *([mode] if mode else []))
    assert done.code in ((0, 3) if path == "longtail train" else (0,)), done.err
    assert "Next: " not in done.out
    assert not CONTROL.search(done.out + done.err)
    if mode == "--json":
        assert isinstance(json.loads(done.out), dict)
    elif mode == "--jsonl":
        assert all(isinstance(json.loads(line), dict) for line in done.out.splitlines())
    assert done.out.strip()


def test_a_scan_says_why_and_what_would_be_taught(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = run("longtail", "scan", "--worst", "3", "--html", page, "--json", "-w", root)
    report = json.loads(done.out)
    worst = report["worst"]
    assert len(worst) == 3
    assert report["n_scanned"] == report["n_queries"]["torso"] + report["n_queries"]["tail"]
    for each in worst:
        assert each["routed"] and 0 <= each["mismatch"] <= 1 and each["chance"] >= report["bound"]
        assert all(hit["why"] for hit in each["hits"])
    assert any(each["pairs"] for each in worst)
    assert worst[0]["query"] in page.read_text(encoding="utf-8")


def test_the_same_scan_again_is_the_same(root: Path) -> None:
    first, second = (json.loads(run("longtail", "scan", "--json", "-w", root).out) for _ in range(2))
    assert first | {"scanned_at": ""} == second | {"scanned_at": ""}
    assert len(list(root.glob("longtail/*/scan.json"))) == 1


def test_what_is_taught_is_later_than_what_is_asked(root: Path) -> None:
    """No pair that is trained lies in the part of the log that lift and gate ask about."""
    lift = json.loads(run("longtail", "lift", "--json", "-w", root).out)
    scan = json.loads(next(root.glob("longtail/*/scan.json")).read_text(encoding="utf-8"))
    assert lift["source"]["from"] >= scan["before"]


def test_a_candidate_keeps_what_it_was_taught(root: Path) -> None:
    done = run("longtail", "train", "--json", "-w", root)
    told = json.loads(done.out)
    facts = told["card"]["metrics"]["longtail"]
    assert facts["scan_id"] == told["scan_id"]
    assert facts["clicks"]["n_pairs"] >= 20
    assert told["gate"]["target"] == "routed=yes"
    assert {"routed=yes", "all"} <= {cohort["name"] for cohort in told["gate"]["cohorts"]}
    again = run("release", "gate", told["candidate"], "--target", "routed=yes", "-w", root)
    assert again.code in (0, 3)


def test_what_was_taught_is_not_dropped_by_the_next_build(root: Path) -> None:
    told = json.loads(run("longtail", "train", "--json", "-w", root).out)
    forced = ("--force", "--by", "minji", "--reason", "the dense leg gains")
    assert run("release", "publish", told["candidate"], *forced, "-w", root).code == 0
    built = json.loads(run("index", "build", "--json", "-w", root).out)
    assert built["model_id"] == told["card"]["model_id"]


def test_train_follows_the_bound_of_its_scan(root: Path) -> None:
    scanned = json.loads(run("longtail", "scan", "--bound", "0.05", "--json", "-w", root).out)
    told = json.loads(run("longtail", "train", "--json", "-w", root).out)
    assert told["scan_id"] == scanned["scan_id"]
    assert told["card"]["metrics"]["longtail"]["n_routed"] == scanned["n_routed"]
    assert told["card"]["metrics"]["longtail"]["clicks"]["n_pairs"] == scanned["n_pairs"]


def test_queries_that_say_nothing_get_an_answer(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "queries.tsv"
    table.write_text("query_id\tquery\n" + "".join(f"{k}\t{v}\n" for k, v in BAD.items()), encoding="utf-8")
    refused(run("longtail", "scan", "--queries", table, "--band", "tail", "-w", root), 2, "have no band")
    done = run("longtail", "scan", "--queries", table, "--json", "-w", root)
    assert done.code == 0, done.err
    found = {each["query"]: each for each in json.loads(done.out)["worst"]}
    assert len(found) == len(BAD)
    assert all(0 <= each["chance"] <= 1 for each in found.values())
    assert (found["🎧🎧"]["hits"], found["🎧🎧"]["chance"]) == ([], 1.0)
    assert run("longtail", "train", "-w", root).code in (0, 3)  # by the last scan of the log, not by this look


def test_queries_whose_every_item_is_gone(root: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.parquet"
    MADE.items.with_columns(pl.lit("sold").alias("status")).write_parquet(gone)
    assert run("import", "items", gone, "-w", root).code == 0
    assert run("index", "build", "--publish", "-w", root).code == 0
    done = run("longtail", "scan", "--json", "-w", root)
    assert done.code == 0, done.err
    worst = json.loads(done.out)["worst"]
    assert worst and all(each["hits"] == [] and each["mismatch"] == 1 for each in worst)


def test_a_log_that_cannot_be_scanned_is_told(root: Path, tmp_path: Path) -> None:
    none = Path(shutil.copytree(root, tmp_path / "none"))
    shutil.rmtree(none / "interactions")
    refused(run("longtail", "scan", "-w", none), 4, "There is no log")
    for name, rows, told in (
        ("silent", MADE.interactions.filter(pl.col("kind") != "search"), "Nobody searched"),
        ("strange", MADE.interactions.with_columns((pl.lit("x") + pl.col("item_id")).alias("item_id")), "two markets"),
    ):
        other = Path(shutil.copytree(none, tmp_path / name))
        rows.write_parquet(tmp_path / f"{name}.parquet")
        assert run("import", "interactions", tmp_path / f"{name}.parquet", "-w", other).code == 0
        refused(run("longtail", "scan", "-w", other), 2, told)


def test_a_log_without_engagements_can_be_scanned_but_not_taught(root: Path, tmp_path: Path) -> None:
    shutil.rmtree(root / "interactions")
    shutil.rmtree(root / "longtail")
    searches = MADE.interactions.filter(pl.col("kind") == "search")
    searches.write_parquet(tmp_path / "searches.parquet")
    assert run("import", "interactions", tmp_path / "searches.parquet", "-w", root).code == 0
    assert run("longtail", "scan", "-w", root).code == 0
    refused(run("longtail", "train", "-w", root), 2, "leave 0 pairs")


def test_scans_and_candidates_that_do_not_belong_together(root: Path) -> None:
    refused(run("longtail", "train", "--scan", "s0", "-w", root), 2, "There is no scan 's0'")
    refused(run("longtail", "train", "--bound", "0.999999", "-w", root), 2, "lower --bound")
    served = json.loads(run("release", "list", "--json", "-w", root).out)[0]["release_id"]
    refused(run("longtail", "lift", served, "-w", root), 2, "does not come from extra training")
    refused(run("longtail", "lift", "r0", "-w", root), 2, "No release 'r0'")
    refused(run("longtail", "scan", "--band", "neck", "-w", root), 2, "There is no band 'neck'")
    refused(run("longtail", "scan", "--html", root, "-w", root), 2, "is a directory")
    for verb in ("scan", "train"):
        refused(run("longtail", verb, "--pipeline", "nope", "-w", root), 2, "There is no pipeline 'nope'")
    shutil.rmtree(root / "longtail")
    refused(run("longtail", "train", "-w", root), 4, "longtail scan")
    refused(run("longtail", "lift", "-w", root), 4, "longtail train")


def test_a_scan_of_another_release_teaches_nothing(root: Path, tmp_path: Path) -> None:
    fewer = tmp_path / "more.parquet"
    late = MADE.items.head(1).with_columns(pl.lit("new").alias("item_id"), pl.col("created_at") + timedelta(days=1))
    late.write_parquet(fewer)
    assert run("import", "items", fewer, "-w", root).code == 0
    model = json.loads(run("release", "list", "--json", "-w", root).out)[0]["model_id"]
    assert run("index", "build", "--model", model, "--publish", "-w", root).code == 0
    refused(run("longtail", "train", "-w", root), 2, "is served: its model may fail others")
