"""Campaigns: how fast they are found, how well, against whom, on what is real, and after kills.

    python -m bench.campaigns rate|stream|peers|real|merges|kills [--help]

Each is a module of its own: `bench/campaign_rate.py`, `campaign_stream.py`, `campaign_peers.py`, `campaign_real.py`,
`campaign_merges.py`, `campaign_kills.py`. Made streams and towers are kept in `--keep FOLDER` (bench-campaigns).
"""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = ("rate", "stream", "peers", "real", "merges", "kills")

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        sys.exit(__doc__)
    import_module(f"bench.campaign_{sys.argv[1]}").main(sys.argv[2:])
