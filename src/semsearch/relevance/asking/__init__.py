"""How pairs are put to a model, and what its answers say."""
