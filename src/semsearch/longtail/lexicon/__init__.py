"""Lexicon entries that the log suggests: mined from reformulations and engaged items, decided by people."""
