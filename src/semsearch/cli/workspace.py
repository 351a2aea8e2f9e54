"""`init`, `status`, `doctor`: the workspace as a whole."""

from __future__ import annotations

from semsearch.cli.options import HERE, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, talk


def init(workspace: WorkspaceOption = HERE) -> None:
    """Make a workspace.

    Example: semsearch init -w market
    """
    from semsearch.workspace import Workspace

    made = Workspace.create(workspace)
    talk(f"Workspace ready in {made.root}. Next: semsearch import items FILE")


def status(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Show what is there, what is stale and the next command.

    Example: semsearch status --json
    """
    from semsearch.workspace import Workspace

    emit({"workspace": Workspace.open(workspace).root}, as_json=json)


def doctor(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Check the installation and the workspace.

    Example: semsearch doctor
    """
    from semsearch.workspace import Workspace

    emit({"workspace": Workspace.open(workspace).root}, as_json=json)
