"""The one place where adapters are built from settings and handed to the jobs.

```
serving ← pipelines ← building ← training
        ← releasing
        ← repairing
        ← scanning ← looking
        ← notifying
        ← lexicon
        ← asking ← spam
                 ← relevance
prompts ←──────────┘
```
"""

from __future__ import annotations

from semsearch.wiring.building import build, next_lexical_id, next_model
from semsearch.wiring.lexicon import Proposed, propose_lexicon
from semsearch.wiring.looking import Looking, open_looking
from semsearch.wiring.notifying import Retried, open_courier, open_sinks, retry
from semsearch.wiring.pipelines import items_of, pipeline_schema
from semsearch.wiring.prompts import answer_shapes, known_outputs, open_prompts
from semsearch.wiring.releasing import gate, publish, rollback
from semsearch.wiring.relevance import open_grading
from semsearch.wiring.repairing import longtail_scan
from semsearch.wiring.scanning import open_scan, open_state, reembed
from semsearch.wiring.serving import (
    load_settings,
    open_encoder,
    open_history,
    open_retriever,
    open_searcher,
    query_side,
)
from semsearch.wiring.spam import open_spam
from semsearch.wiring.teaching import Taught, longtail_lift, longtail_train
from semsearch.wiring.training import Training, train

__all__ = [
    "Looking",
    "Proposed",
    "Retried",
    "Taught",
    "Training",
    "answer_shapes",
    "build",
    "gate",
    "items_of",
    "known_outputs",
    "load_settings",
    "longtail_lift",
    "longtail_scan",
    "longtail_train",
    "next_lexical_id",
    "next_model",
    "open_courier",
    "open_encoder",
    "open_grading",
    "open_history",
    "open_looking",
    "open_prompts",
    "open_retriever",
    "open_scan",
    "open_searcher",
    "open_sinks",
    "open_spam",
    "open_state",
    "pipeline_schema",
    "propose_lexicon",
    "publish",
    "query_side",
    "reembed",
    "retry",
    "rollback",
    "train",
]
