"""`evaluate run` on a published release: what is measured is what is served."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import tiny_market as market

from semsearch import wiring
from semsearch.cli.app import main
from semsearch.errors import UsageError
from semsearch.evaluation.trec import read_run
from semsearch.retrieval.evaluate import ReleaseRetriever
from semsearch.retrieval.search import Searcher
from semsearch.settings import SearchSettings
from semsearch.workspace import Workspace


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
@pytest.mark.parametrize("fusion", ["score", "rrf"])
def test_the_head_of_a_deep_ranking_is_what_is_served(release, mode, fusion):
    searcher = Searcher(release, market.Axes, SearchSettings(depth=2, fusion=fusion))
    retriever = ReleaseRetriever(searcher, mode, market.NOW)
    served = searcher.search("phone chair", now=market.NOW, k=3, mode=mode, include_ended=True).hits
    assert retriever.ranked("phone chair", 1000)[:3] == [(hit.item_id, hit.score) for hit in served]


def test_what_decides_the_ranking_is_named(release):
    searcher = Searcher(release, market.Axes, SearchSettings(mode="hybrid", fusion="rrf", depth=50))
    release_id = release.manifest.release_id
    made = ReleaseRetriever(searcher, None, market.NOW).origin
    assert made == {"release_id": release_id, "mode": "hybrid", "fusion": "rrf", "depth": "50"}
    assert ReleaseRetriever(searcher, "dense", market.NOW).origin == {"release_id": release_id, "mode": "dense"}
    with pytest.raises(UsageError, match="No mode 'magic'"):
        _ = ReleaseRetriever(searcher, "magic", market.NOW).origin


def test_a_release_is_evaluated_saved_and_named(workspace, searcher, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(wiring.serving, "open_encoder", lambda *_: market.Axes())
    first = searcher.search("phone", now=market.NOW, k=50, mode="lexical", include_ended=True)
    served = [hit.item_id for hit in first.hits]
    assert len(served) > 1
    qrels = tmp_path / "qrels.csv"
    qrels.write_text(f"query,item_id,grade\nphone,{served[1]},1\n")
    words = ["evaluate", "run", "--qrels", str(qrels), "--mode", "lexical", "--metric", "mrr", "--json"]
    monkeypatch.setattr(sys, "argv", ["semsearch", *words, "-w", str(workspace.root)])
    with pytest.raises(SystemExit, match="0"):
        main()
    out, err = capsys.readouterr()
    document = json.loads(out)
    name = f"{workspace.current().release_id}-lexical"
    assert document["figures"][0]["mean"] == 0.5
    assert document["origin"] == {"release_id": workspace.current().release_id, "mode": "lexical"}
    assert f"Saved as {name}" in err
    saved = read_run(workspace.path("runs", name, "run.trec"))
    assert [item for item, _ in saved.hits(saved.query_ids[0])] == served


@pytest.fixture
def lexical_run(workspace, tmp_path, monkeypatch, capsys):
    """`evaluate run` over these judgements in the lexical mode; returns (exit code, stderr)."""
    monkeypatch.setattr(wiring.serving, "open_encoder", lambda *_: market.Axes())

    def run(*rows):
        qrels = tmp_path / "judged.csv"
        qrels.write_text("\n".join(("query,item_id,grade", *rows)) + "\n")
        words = ["evaluate", "run", "--qrels", str(qrels), "--mode", "lexical", "--name", "named", "--metric", "mrr"]
        monkeypatch.setattr(sys, "argv", ["semsearch", *words, "-w", str(workspace.root)])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code, capsys.readouterr().err

    return run


def test_judgements_of_another_catalogue_are_refused(workspace, lexical_run):
    assert lexical_run("phone,a1,1")[0] == 0
    good = workspace.path("runs", "named", "run.trec").read_text()
    code, err = lexical_run("chair,x1,1", "chair,x2,1")
    assert code == 2 and "0 of 2 judged items are in release" in err and "Next:" in err
    assert workspace.path("runs", "named", "run.trec").read_text() == good


def test_it_is_said_when_most_judged_items_are_elsewhere(lexical_run):
    assert "1 of 3 judged items" in lexical_run("phone,a1,1", "phone,x1,1", "phone,x2,0")[1]
    assert "judged items" not in lexical_run("phone,a1,1", "phone,x1,1")[1]


def test_it_is_said_when_a_run_of_other_queries_is_replaced(lexical_run):
    lexical_run("phone,a1,1")
    assert "replaced" not in lexical_run("phone,a1,1", "phone,a2,1")[1]
    assert "replaced a saved run" in lexical_run("chair,a3,1")[1]


def test_a_page_shows_the_titles_of_the_evaluated_release(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(wiring.serving, "open_encoder", lambda *_: market.Axes())
    other = market.build(workspace, [market.item("a1", "phone <renamed>"), market.item("a2", "phone two")])
    (tmp_path / "q.csv").write_text("query,item_id,grade\nphone,a1,1\n")
    page = tmp_path / "page.html"
    words = ["evaluate", "run", "--qrels", str(tmp_path / "q.csv"), "--mode", "lexical", "--html", str(page)]
    given = [*words, "--release", other.release_id, "-w", str(workspace.root)]
    monkeypatch.setattr(sys, "argv", ["semsearch", *given])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "phone &lt;renamed&gt;" in page.read_text("utf-8")


def test_the_example_of_the_guide_runs(tmp_path, monkeypatch, capsys):
    guide = (Path(__file__).resolve().parents[3] / "docs" / "evaluate.md").read_text("utf-8")
    example = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wiring.serving, "open_encoder", lambda *_: market.Axes())
    made = Workspace.create(Path("market"))
    wiring.publish(made, market.build(made).release_id, now=market.NOW)
    Path("ratings.csv").write_text("query,item_id,grade\nchair,a3,1\n")
    exec(example, {})
    assert "ndcg@10" in capsys.readouterr().out
