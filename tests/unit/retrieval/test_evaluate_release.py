"""`evaluate run` on a published release: what is measured is what is served."""

from __future__ import annotations

import json
import sys

import pytest
import tiny_market as market

from semsearch import wiring
from semsearch.cli.app import main
from semsearch.evaluation.trec import read_run


def test_a_release_is_evaluated_saved_and_named(workspace, searcher, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(wiring, "open_encoder", lambda *_: market.Axes())
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
