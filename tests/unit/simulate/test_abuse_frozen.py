from semsearch.simulate.abuse import frozen_hash

FROZEN = "2a3be30e66b9c838829fad49a7d87efd9171537458ee4dcd985724f6714b3b7c"


def test_the_stream_is_frozen():
    """Detectors are tuned on this stream and judged by it: it may not change, not even for the better."""
    assert frozen_hash() == FROZEN
