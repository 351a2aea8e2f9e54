"""Semantic search and abuse detection for second-hand marketplaces.

```python
from datetime import UTC, datetime
from pathlib import Path

from semsearch import Workspace, build, import_rows, open_searcher, publish, train

now = datetime.now(UTC)
market = Workspace.create(Path("market"))
import_rows(market, "items", ["listings.csv"], now=now)
train(market, now=now)
publish(market, build(market, now=now).release_id, now=now)

for hit in open_searcher(market).search("에어팟 프로 2", now=now).hits:
    print(hit.rank, hit.title, hit.price)
```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semsearch.version import __version__

if TYPE_CHECKING:
    from semsearch.errors import SemsearchError
    from semsearch.evaluation.reading import read_judgements, read_queries
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.ingest.importing import import_rows
    from semsearch.records import Hit, Interaction, Item, Region
    from semsearch.retrieval.evaluate import compare_runs, evaluate_run, retrieve
    from semsearch.retrieval.search import Searcher
    from semsearch.retrieval.similar import similar
    from semsearch.retrieval.why import why
    from semsearch.settings import Settings
    from semsearch.wiring import (
        build,
        gate,
        longtail_lift,
        longtail_scan,
        longtail_train,
        open_encoder,
        open_retriever,
        open_searcher,
        publish,
        rollback,
        train,
    )
    from semsearch.workspace import Workspace

_HOMES = {
    "semsearch.errors": ("SemsearchError",),
    "semsearch.evaluation.reading": ("read_judgements", "read_queries"),
    "semsearch.ingest.catalogue": ("Catalogue",),
    "semsearch.ingest.importing": ("import_rows",),
    "semsearch.records": ("Hit", "Interaction", "Item", "Region"),
    "semsearch.retrieval.evaluate": ("compare_runs", "evaluate_run", "retrieve"),
    "semsearch.retrieval.search": ("Searcher",),
    "semsearch.retrieval.similar": ("similar",),
    "semsearch.retrieval.why": ("why",),
    "semsearch.settings": ("Settings",),
    "semsearch.wiring": (
        "build",
        "gate",
        "longtail_lift",
        "longtail_scan",
        "longtail_train",
        "open_encoder",
        "open_retriever",
        "open_searcher",
        "publish",
        "rollback",
        "train",
    ),
    "semsearch.workspace": ("Workspace",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Catalogue",
    "Hit",
    "Interaction",
    "Item",
    "Region",
    "Searcher",
    "SemsearchError",
    "Settings",
    "Workspace",
    "__version__",
    "build",
    "compare_runs",
    "evaluate_run",
    "gate",
    "import_rows",
    "longtail_lift",
    "longtail_scan",
    "longtail_train",
    "open_encoder",
    "open_retriever",
    "open_searcher",
    "publish",
    "read_judgements",
    "read_queries",
    "retrieve",
    "rollback",
    "similar",
    "train",
    "why",
]


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: importing semsearch costs nothing."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'semsearch' has no attribute '{name}'")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
