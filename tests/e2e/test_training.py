"""`train` through the command line: bad input, other surfaces, a killed process; what is served stays as it is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from tests.e2e.program import ENVIRONMENT, Done, run

from semsearch.records import Interaction, schema
from semsearch.simulate import Market, market
from semsearch.wiring import building
from semsearch.workspace import Workspace

pytest.importorskip("torch")

QUICK = ("--dim", "8", "--seconds", "30", "--epochs", "2")
ALONE = "the catalogue alone"

SIMILAR = """
[query]
of = "item"

[query.features]
category = { type = "category", transform = "path" }
title    = { type = "text" }

[item.features]
category = { type = "category", transform = "path" }
listing  = { type = "text", transform = "listing" }
"""
FOR_YOU = """
[query]
of = "actor"

[query.groups]
recent = { transform = "as_of", columns = ["item_id", "category"] }

[query.features]
had        = { column = "recent.item_id", type = "list", as = "item" }
categories = { column = "recent.category", type = "list", as = "category" }

[item.features]
item     = { column = "item_id", type = "category" }
category = { type = "category" }
listing  = { type = "text", transform = "listing" }
"""


@dataclass(frozen=True)
class Shop:
    """A workspace that serves towers of its catalogue, and the market that it was made from."""

    root: Path
    made: Market

    def give(self, log: pl.DataFrame) -> None:
        """Put `log` in place of the log that it has."""
        for file in (self.root / "interactions").glob("*"):
            file.unlink()
        if log.height:
            path = self.root.parent / "log.parquet"
            log.write_parquet(path)
            done = run("import", "interactions", path, "--max-rejects", "1", "-w", self.root)
            assert done.code == 0, done.err

    def train(self, *arguments: object) -> Done:
        return run("train", *QUICK, *arguments, "-w", self.root)

    def speak(self, text: str, pipeline: str) -> None:
        """Write a schema."""
        path = self.root / "pipelines" / pipeline / "schema.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def _no_kiwi() -> Iterator[None]:
    """Kiwi takes seconds to load."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_segmenter", lambda _: None)
        yield


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Without a log, and nothing served."""
    folder = tmp_path_factory.mktemp("training")
    made, root = market(300, seed=3, n_searches=2500), folder / "market"
    made.items.write_parquet(folder / "items.parquet")
    assert run("init", "-w", root).code == 0
    assert run("import", "items", folder / "items.parquet", "-w", root).code == 0
    return Shop(root, made)


@pytest.fixture(scope="module")
def served(bare: Shop) -> Shop:
    """Towers of the catalogue are served."""
    assert run("train", "--dim", "8", "--seconds", "5", "-w", bare.root).code == 0
    assert run("index", "build", "--publish", "-w", bare.root).code == 0
    return bare


@pytest.fixture
def shop(served: Shop) -> Iterator[Shop]:
    """The same for each test: nothing that a training does moves what is served."""
    state = Workspace(served.root).state().current
    yield served
    assert Workspace(served.root).state().current == state
    assert run("index", "verify", "-w", served.root).code == 0
    served.give(served.made.interactions.clear())


def events(*rows: dict[str, object]) -> pl.DataFrame:
    names = schema(Interaction)
    return pl.DataFrame([{name: row.get(name) for name in names} for row in rows], schema=names)


def chat(shop: Shop, **columns: object) -> dict[str, object]:
    return {"ts": shop.made.end, "actor_id": "a", "kind": "chat", "item_id": shop.made.items["item_id"][0]} | columns


# --- a log that gives little ---------------------------------------------------------------------


def little(shop: Shop, name: str) -> pl.DataFrame:
    """Logs from which nothing can be learned, by what is wrong with them."""
    log = shop.made.interactions
    chats = log.filter(pl.col("kind").is_in(["click", "chat"]))
    one_item = pl.lit(shop.made.items["item_id"][0])
    return {
        "no interactions": log.clear(),
        "one interaction": log.filter(pl.col("kind") == "click").head(1),
        "searches and impressions alone": log.filter(pl.col("kind").is_in(["search", "impression"])),
        "one actor only": chats.with_columns(
            actor_id=pl.lit("ann"), item_id=one_item, query=pl.when(pl.col("query").is_not_null()).then(pl.lit("의자"))
        ),
        "a query seen once": chats.filter(pl.col("query") == chats["query"].drop_nulls()[0]).head(1),
        "clicks on removed items": chats.with_columns(item_id="gone-" + pl.col("item_id")),
        "clocks that run backwards": chats.with_columns(
            ts=pl.lit(shop.made.end).dt.cast_time_unit("us") - (pl.col("ts") - pl.col("ts").min())
        ).filter(pl.col("kind") == "chat"),
        "no chats": log.filter(pl.col("kind") != "chat").filter(pl.col("kind") != "purchase"),
    }[name]


LITTLE = (
    "no interactions", "one interaction", "searches and impressions alone", "one actor only", "a query seen once",
    "clicks on removed items", "clocks that run backwards", "no chats",
)  # fmt: skip


@pytest.mark.parametrize("name", LITTLE)
def test_a_log_that_says_nothing_leaves_the_catalogue_alone(name: str, shop: Shop) -> None:
    shop.give(little(shop, name))
    done = shop.train()
    assert done.code == 0, done.err
    assert (ALONE in done.out) == (name != "no interactions"), done.out
    assert "Next: semsearch index build" in done.err
    assert "Traceback" not in done.err


def test_clicks_that_are_not_there_do_not_become_chats(shop: Shop) -> None:
    log = shop.made.interactions
    shop.give(log.filter(~pl.col("kind").is_in(["click", "favorite"])))
    done = shop.train("--positives", "clicks", "--json")
    assert done.code == 0, done.err
    metrics = json.loads(done.out)["card"]["metrics"]
    assert (metrics["log"]["n_examples"], "behaviour" in metrics, json.loads(done.out)["stages"]) == (0, False, None)
    shop.give(log)
    without = shop.train("--positives", "none")
    assert (without.code, "learned" in without.out) == (0, False)


# --- usage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--pipeline", "none"), 2, "There is no pipeline 'none'; there are: default."),
        (("--continue",), 4, "--continue learns from a log"),
        (("--family", "transformer"), 2, "--base MODEL"),
        (("--positives", "likes"), 2, "likes"),
        (("--epochs", "0"), 2, "--epochs"),
        (("--dim", "2"), 2, "--dim"),
        (("--pipeline", "../x"), 2, "is not a name"),
        (("--html", "/proc/none/x.html"), 2, "x.html"),
    ],
)
def test_bad_usage_is_told_before_anything_is_learned(arguments: tuple, code: int, told: str, shop: Shop) -> None:
    done = shop.train(*arguments)
    assert (done.code, done.out) == (code, ""), done.err
    assert told in done.err
    assert "Next: " in done.err or "Usage: " in done.err
    assert "Training…" not in done.err


def test_a_page_is_never_a_directory(shop: Shop, tmp_path: Path) -> None:
    done = shop.train("--html", tmp_path)
    assert (done.code, "is a directory" in done.err) == (2, True)


LISTINGS = '[item.features]\nlisting = { type = "text", transform = "listing" }\n'
SCHEMAS = {
    "damaged": "[query\nof = ",
    "missing column": '[query]\nof = "query"\n[item.features]\nshade = { column = "shade", type = "category" }\n',
    "missing attribute": '[query]\nof = "query"\n[item.features]\n'
    'title = { type = "text" }\nshade = { column = "attributes.shadow", type = "category", required = true }\n',
    "unknown transform": '[query]\nof = "query"\n[item.features]\ntitle = { type = "text", transform = "magic" }\n',
    "unknown side": '[query]\nof = "robot"\n',
    "not utf-8": b"\xff\xfe[\x00",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_cannot_be_used_is_told_before_training(name: str, shop: Shop) -> None:
    path = shop.root / "pipelines" / "broken" / "schema.toml"
    shop.speak("", "broken")
    text = SCHEMAS[name]
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = shop.train("--pipeline", "broken")
    assert (done.code, done.out) == (2, ""), done.err
    assert "Next: " in done.err
    assert "schema.toml" in done.err
    assert "Training…" not in done.err


def test_two_trainings_of_one_pipeline_at_once(shop: Shop) -> None:
    shop.speak(LISTINGS, "other")
    with Workspace(shop.root).training("default"):
        busy = shop.train()
        other = shop.train("--pipeline", "other")
    assert (busy.code, busy.out) == (4, "")
    assert "Another training of pipeline 'default'" in busy.err and "Next: wait" in busy.err
    assert other.code == 0, other.err


@pytest.mark.parametrize("name", ["비슷한_매물", "für-dich", "おすすめ"])
def test_a_pipeline_may_have_any_letters(name: str, shop: Shop) -> None:
    shop.speak(LISTINGS, name)
    done = shop.train("--pipeline", name)
    assert done.code == 0, done.err
    assert f"--pipeline {name}" in done.err
    assert Workspace(shop.root).state(name).model_id
    long = shop.train("--pipeline", name * 100)
    assert (long.code, "is not a name" in long.err) == (2, True)


# --- learned from a log --------------------------------------------------------------------------


def test_a_log_is_learned_shown_and_waits_for_the_gate(shop: Shop, tmp_path: Path) -> None:
    shop.give(shop.made.interactions)
    page = tmp_path / "new" / "training.html"
    done = shop.train("--positives", "both", "--html", page)
    assert done.code == 0, done.err
    for told in ("model ", "catalogue ", "log ", "learned ", "kept: ", "popularity", "towers, exact", "release, dense"):
        assert told in done.out, told
    release = Workspace(shop.root).releases()[-1].release_id
    assert f"semsearch release gate -w {shop.root} {release}" in done.err
    assert "</html>" in page.read_text(encoding="utf-8")
    kept = json.loads(next((shop.root / "trainings").iterdir()).read_text(), parse_constant=pytest.fail)
    assert {row["name"] for row in kept["rows"]} >= {"popularity", "release, as served", "towers before the log"}
    assert not (shop.root / "pipelines" / "default" / "unfinished").exists()
    again = shop.train("--continue", "--positives", "both")
    assert again.code == 0, again.err  # what is served has seen no log: all is new to it
    assert "which is served" in again.out


def test_continue_needs_something_newer_and_the_same_schema(shop: Shop) -> None:
    shop.give(shop.made.interactions)
    name = "weiter"
    shop.speak(LISTINGS, name)
    assert shop.train("--pipeline", name, "--positives", "both").code == 0
    release = Workspace(shop.root).releases()[-1].release_id
    assert run("release", "publish", release, "--pipeline", name, "-w", shop.root).code == 0
    same = shop.train("--pipeline", name, "--positives", "both", "--continue")
    assert (same.code, "nothing newer" in same.err) == (2, True)
    assert "newer log" in same.err
    family = shop.train("--pipeline", name, "--continue", "--family", "transformer")
    assert (family.code, "--continue --family static" in family.err) == (2, True)
    shop.speak(SIMILAR, name)
    other = shop.train("--pipeline", name, "--continue")
    assert (other.code, "another schema" in other.err) == (2, True)
    assert Workspace(shop.root).state(name).current == release


def test_similar_listings_from_a_schema_to_an_answer(shop: Shop) -> None:
    shop.give(shop.made.interactions)
    shop.speak(SIMILAR, "similar")
    place = ("--pipeline", "similar", "-w", shop.root)
    done = shop.train("--pipeline", "similar", "--positives", "both")
    assert done.code == 0, done.err
    assert "recall@20" in done.out and "release, lexical" not in done.out
    release = Workspace(shop.root).releases()[-1].release_id
    assert f"Next: semsearch release publish -w {shop.root} {release} --pipeline similar" in done.err
    assert run("release", "publish", release, *place).code == 0
    item_id = shop.made.items["item_id"][5]
    found = run("similar", item_id, "--all", "--json", *place)
    assert found.code == 0, found.err
    hits = [hit["item_id"] for hit in json.loads(found.out)["hits"]]
    assert hits and item_id not in hits
    typed = run("search", "의자", *place)
    assert (typed.code, "semsearch similar" in typed.err) == (2, True)


def test_items_for_a_user_from_a_schema_to_an_answer(shop: Shop) -> None:
    shop.give(shop.made.interactions)
    shop.speak(FOR_YOU, "for_you")
    place = ("--pipeline", "for_you", "-w", shop.root)
    done = shop.train("--pipeline", "for_you", "--positives", "both")
    assert done.code == 0, done.err
    assert "catalogue " not in done.out  # users are learned from the log alone
    assert run("index", "build", "--publish", *place).code == 0
    engaged = shop.made.interactions.filter(pl.col("kind") == "click")
    actor = engaged["actor_id"].mode()[0]
    found = run("search", "--actor", actor, "--all", "--json", *place)
    assert found.code == 0, found.err
    assert json.loads(found.out)["hits"]
    shop.give(shop.made.interactions.clear())
    without = shop.train("--pipeline", "for_you")
    assert (without.code, "learned from a log" in without.err) == (4, True)


# --- killed, and full disks ----------------------------------------------------------------------


def command(shop: Shop, *arguments: str) -> list[str]:
    shop.speak(LISTINGS, "killed")
    given = ("--dim", "8", "--seconds", "300", "--positives", "both", "--pipeline", "killed", "-w", str(shop.root))
    return [sys.executable, "-m", "semsearch", "train", *given, *arguments]


def test_a_killed_process_is_taken_up_where_it_was(shop: Shop) -> None:
    shop.give(shop.made.interactions)
    slow = {"SEMSEARCH_TRAIN__CHECKPOINT_S": "0", "SEMSEARCH_TRAIN__BATCH": "16", "SEMSEARCH_TRAIN__PATIENCE": "99"}
    unfinished = shop.root / "pipelines" / "killed" / "unfinished"
    process = subprocess.Popen(
        command(shop, "--epochs", "6"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT | slow
    )
    try:
        limit = time.monotonic() + 120
        while not (unfinished / "checkpoint.pt").is_file() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert process.returncode == -signal.SIGKILL
    assert Workspace(shop.root).state("killed").model_id is None
    results = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in slow.items():
            patch.setenv(name, value)
        for _ in range(2):  # taken up, and from the beginning
            done = run(*command(shop, "--epochs", "6", "--json")[3:])
            assert done.code == 0, done.err
            results.append(json.loads(done.out)["card"])
    taken_up, whole = results
    assert taken_up["metrics"]["behaviour"]["resumed_at"] > 0 == whole["metrics"]["behaviour"]["resumed_at"]
    assert taken_up["encoder_id"] == whole["encoder_id"]
    assert not unfinished.exists()


def test_a_full_disk_exits_with_a_next_step(shop: Shop) -> None:
    """A limit on the size of files is what a full disk looks like to the process."""
    shop.give(shop.made.interactions)
    limited = ["bash", "-c", 'ulimit -f "$0"; trap "" XFSZ; exec "$@"', "64", *command(shop)]
    done = subprocess.run(
        limited, capture_output=True, text=True, env=ENVIRONMENT | {"SEMSEARCH_TRAIN__CHECKPOINT_S": "0"}, check=False
    )
    assert done.returncode in (2, 4), done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be" in done.stderr and "Next: free some disk space" in done.stderr
    assert run("search", "의자", "-w", shop.root).code == 0
