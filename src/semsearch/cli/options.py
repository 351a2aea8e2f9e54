"""The options that many commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="SEMSEARCH_WORKSPACE", help="Workspace directory.", show_default="."),
]
HERE = Path()
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
JsonlOption = Annotated[bool, typer.Option("--jsonl", help="Print one JSON record a line.")]
PipelineOption = Annotated[str, typer.Option("--pipeline", help="Named pipeline.")]
ReleaseOption = Annotated[str | None, typer.Option("--release", help="Release id; default is the current one.")]
