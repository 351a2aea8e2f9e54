"""A made stream of posts to moderate, with the truth beside it: `abuse_stream(n_posts, seed, lang)`.

For demo, tests and bench only. Frozen: `frozen_hash()` is pinned by a test, so that the stream cannot drift while a
detector is tuned on it; the families in HELD_OUT are for the last judgement only. Its tables of disguises are its own:
nothing in `text/` may be taken from here, nor the other way round.
"""

from semsearch.simulate.abuse.disguise import HELD_OUT, families
from semsearch.simulate.abuse.stream import AbuseStream, abuse_stream, frozen_hash

__all__ = ["HELD_OUT", "AbuseStream", "abuse_stream", "families", "frozen_hash"]
