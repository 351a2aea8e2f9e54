"""Tests. A package of its own: a dependency (ppi-python) installs another one of this name."""
