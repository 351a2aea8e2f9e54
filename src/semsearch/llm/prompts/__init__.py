"""Prompts as files: found in a library, read with their front matter and template, and checked."""

from semsearch.llm.prompts.library import OUTSIDE, OWN, Origin, Prompt, Prompts, hash_of, shipped_folder

__all__ = ["OUTSIDE", "OWN", "Origin", "Prompt", "Prompts", "hash_of", "shipped_folder"]
