"""Serving loads nothing heavy: a query without --where needs no frame library, no BM25 builder and no torch."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
BLOCKED = ["torch", "sentence_transformers", "transformers", "polars", "bm25s", "kiwipiepy", "scipy", "pandas",
           "sklearn", "openai", "hnswlib", "rapidfuzz", "pyarrow"]
sys.modules.update(dict.fromkeys(BLOCKED))  # importing one of them raises ImportError
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from semsearch import wiring
from semsearch.workspace import Workspace
from semsearch.retrieval.similar import similar
from semsearch.retrieval.why import why

class Phone:
    encoder_id, dim = "axes1", 3
    def encode_queries(self, texts):
        return np.array([[1, 0, 0]] * len(texts), np.float32)

wiring.serving.open_encoder = lambda *_: Phone()
searcher = wiring.open_searcher(Workspace.open(Path(sys.argv[1])), once=True)
now = datetime(2024, 6, 1, tzinfo=UTC)
assert searcher.search("phone", now=now, near_region="011", explain=True).hits
assert similar(searcher, "a5", now=now).hits
first = searcher.search("phone", now=now).hits[0].item_id
assert why(searcher, "phone", first, now=now).rank == 1
assert "numpy.ma" not in sys.modules
print("served")
"""


def test_serving_imports_nothing_heavy(workspace):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(workspace.root)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "served\n", done.stderr
