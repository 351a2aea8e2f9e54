"""Where a training stands, on disk, so that a killed one goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semsearch.errors import Missing
from semsearch.files import atomic

FILE = "checkpoint.pt"


@dataclass(slots=True)
class Checkpoint:
    """The file of one run in `folder`; old or new, never half."""

    folder: Path
    key: str
    """Digest of all that decides the run: data, settings, versions. A file with another key is not used."""
    every_s: float = 60.0
    """Seconds of training between two writes, at least."""
    memory: dict[str, Any] = field(default_factory=dict)
    """The caller's own: plain values and tensors that its `on_epoch` keeps. Written along, and given back."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / FILE

    def write(self, state: dict[str, Any]) -> None:
        """Put `state` in place of what was there.

        Raises Missing when the disk is full or cannot be written; what was there stays.
        """
        import torch

        try:
            with atomic(self.path) as draft, draft.open("wb") as file:
                torch.save({"key": self.key, "memory": self.memory, "state": state}, file)
        except (OSError, RuntimeError) as error:  # torch tells a full disk as a RuntimeError
            raise Missing(
                f"The checkpoint {self.path} cannot be written: {error}. The earlier one is whole.",
                "Next: free some disk space, then the same command; it goes on from the earlier checkpoint",
            ) from error

    def read(self) -> tuple[dict[str, Any] | None, str]:
        """The state, if there is one of this key, and why there is none: '', 'no checkpoint', 'another run', 'damaged'.

        Fills `memory`.
        """
        import torch

        if not self.path.is_file():
            return None, "no checkpoint"
        try:
            held = torch.load(self.path, weights_only=True)
            key, memory, state = held["key"], held["memory"], held["state"]
        except Exception:  # a cut or foreign file fails in as many ways as the unpickler has
            return None, "damaged"
        if key != self.key:
            return None, "another run"
        self.memory.clear()
        self.memory.update(memory)
        return dict(state), ""
