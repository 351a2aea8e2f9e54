"""A candidate against the release that is served, on held-out questions."""
