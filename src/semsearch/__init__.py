"""Semantic search and abuse detection for second-hand marketplaces."""

from __future__ import annotations

__version__ = "0.1.0"
