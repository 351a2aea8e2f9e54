from semsearch.simulate.abuse import frozen_hash

FROZEN = "a85d94f92fc14cf28b3c132bb16bbd79314525f08abf38a4aa194810382820f7"


def test_the_stream_is_frozen():
    """Detectors are tuned on this stream and judged by it: it may not change, not even for the better."""
    assert frozen_hash() == FROZEN
