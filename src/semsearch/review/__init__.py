"""The workflow of deciding: a named person, the members as they are, and what follows. Owns no storage."""
