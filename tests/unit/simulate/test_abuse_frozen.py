from semsearch.simulate.abuse import frozen_hash

FROZEN = "9ca81548a48c7ac35c83a72ef4f89b7c2954fd0b0c9e20fb059218cb3c9d64b6"


def test_the_stream_is_frozen():
    """Detectors are tuned on this stream and judged by it: it may not change, not even for the better."""
    assert frozen_hash() == FROZEN
