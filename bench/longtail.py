"""The long tail: failing queries found, on markets, known items and chorus; what extra training lifts; how fast.

    python -m bench.longtail failing|known|chorus|weights|lift|rate|lexicon [--help]

Each is a module of its own: `bench/longtail_failing.py`, `longtail_known.py`, `longtail_chorus.py`,
`longtail_weights.py`, `longtail_lift.py`, `longtail_rate.py`, `longtail_lexicon.py`. Simulated worlds are kept in
`--keep FOLDER` (`bench/longtail_worlds.py`).
"""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = ("failing", "known", "chorus", "weights", "lift", "rate", "lexicon")

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        sys.exit(__doc__)
    import_module(f"bench.longtail_{sys.argv[1]}").main(sys.argv[2:])
