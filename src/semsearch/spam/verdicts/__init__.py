"""Posts, and campaigns by their leaders, to verdicts."""
