"""Find the queries that the model does not understand, and repair them: scan, route, train, lift; lexicon entries."""
