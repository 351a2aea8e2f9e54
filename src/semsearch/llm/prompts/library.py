"""Prompts: files that ship with semsearch, each of which a workspace may replace by one of its own.

A prompt is code: it is named by a hash of its text, and every answer keeps the hash of the prompt that asked for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from semsearch.errors import MissingPart, UsageError
from semsearch.llm.prompts.front_matter import Head, Section, lines_of, read_text, taken_apart, wrong
from semsearch.llm.prompts.templates import Flaw, names

FOLDER = "prompts"
SUFFIX = ".md"
NAME = r"\w[\w.-]{0,127}"
"""How a file may be called that holds a prompt; nothing that leads out of its folder."""
OWN, OUTSIDE = "own", "outside"
Origin = Literal["workspace", "shipped"]
LIST = "Next: semsearch prompts list"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt, which has been read without fault."""

    id: str
    version: int
    purpose: str
    """One line, for people."""
    role: Literal["small", "large"]
    """Which of the settings' models is asked."""
    output: str
    """Name of the shape of the answer."""
    parameters: Mapping[str, Any]
    """Given to the call as they are."""
    variables: Mapping[str, str]
    """Name to `own` (our words) or `outside`."""
    system: str
    """Template of the system message; own variables alone."""
    user: str
    """Template of the user message."""
    path: Path
    """The file."""
    prompt_hash: str
    """16 hex digits of all that the file holds, line ends and spaces at their ends aside."""

    @classmethod
    def read(cls, path: Path) -> Prompt:
        """The prompt in a file; raises UsageError naming file and, where known, line and next step."""
        return cls.of(read_text(path), path)

    @classmethod
    def of(cls, text: str, path: Path) -> Prompt:
        """The prompt that `text` is, which stands in the file `path`; errors as for `read`."""
        parts = taken_apart(text, path)
        head = parts.head
        if head.id != path.stem:
            wrong(path, None, f"its id is '{head.id}': a prompt's file is named by its id")
        _check(parts.system, (OWN,), head, path)
        _check(parts.user, (OWN, OUTSIDE), head, path)
        return cls(
            id=head.id,
            version=head.version,
            purpose=head.purpose,
            role=head.model,
            output=head.output,
            parameters=parts.parameters,
            variables=head.variables,
            system=parts.system.text,
            user=parts.user.text,
            path=path,
            prompt_hash=hash_of(text),
        )


class Prompts:
    """The prompts of a workspace: a file of its own goes before the shipped one of the same name.

    An empty file is none: a shell makes one for `prompts show ID > prompts/ID.md` before the command reads.
    """

    def __init__(self, shipped: Path, own: Path | None = None) -> None:
        self._folders: dict[Origin, Path] = {"workspace": own} if own else {}
        self._folders["shipped"] = shipped

    @classmethod
    def open(cls, workspace_folder: Path | None) -> Prompts:
        """Prompts of the workspace at `workspace_folder`, whose `prompts/` may be missing; None: the shipped ones."""
        return cls(shipped_folder(), workspace_folder / FOLDER if workspace_folder else None)

    def ids(self) -> list[str]:
        """Ids of all prompts, sorted; their files may have faults."""
        found = {path.stem for folder in self._folders.values() for path in folder.glob(f"[!.]*{SUFFIX}")}
        return sorted(name for name in found if any(self.holds(name, place) for place in self._folders))

    def path(self, prompt_id: str, origin: Origin | None = None) -> Path:
        """The file of a prompt, or its file in one place; raises UsageError when there is none."""
        return self._folders[self._place(prompt_id, origin)] / f"{prompt_id}{SUFFIX}"

    def origin(self, prompt_id: str) -> Origin:
        """Where a prompt comes from; raises UsageError for an id that no file has."""
        return self._place(prompt_id, None)

    def holds(self, prompt_id: str, origin: Origin) -> bool:
        """Whether there is a file of a prompt in one place."""
        if origin not in self._folders or not re.fullmatch(NAME, prompt_id):
            return False
        path = self._folders[origin] / f"{prompt_id}{SUFFIX}"
        return path.is_file() and path.stat().st_size > 0

    def get(self, prompt_id: str, origin: Origin | None = None) -> Prompt:
        """The prompt of an id, or that of one place; raises UsageError for an unknown one and a file with a fault."""
        return Prompt.read(self.path(prompt_id, origin))

    def all(self) -> list[Prompt]:
        """All prompts by id; raises UsageError for the first file with a fault."""
        return [self.get(prompt_id) for prompt_id in self.ids()]

    def _place(self, prompt_id: str, origin: Origin | None) -> Origin:
        for place in self._folders if origin is None else (origin,):
            if self.holds(prompt_id, place):
                return place
        where = f" that is {origin}" if origin == "shipped" else " in this workspace" if origin else ""
        raise UsageError(f"There is no prompt '{prompt_id}'{where}.", LIST)


def shipped_folder() -> Path:
    """Where the built-in prompts are: inside the installed package, or beside `src/` in a checkout of the project.

    Raises MissingPart when they are in neither.
    """
    package = Path(__file__).parents[2]
    for folder in (package / FOLDER, package.parents[1] / FOLDER):
        if folder.is_dir():
            return folder
    raise MissingPart(
        f"This installation of semsearch has no prompts: {package / FOLDER} is not there.",
        "Next: install it again, pip install . in your clone; semsearch prompts list then shows them",
    )


def hash_of(text: str) -> str:
    """16 hex digits of a prompt's text; line ends, spaces at the end of lines and empty lines at the end aside."""
    return hashlib.sha256("\n".join(lines_of(text)).encode()).hexdigest()[:16]


def _check(section: Section, kinds: Collection[str], head: Head, path: Path) -> None:
    """Refuse a template with what a prompt may not hold, with unknown variables, or with variables of another kind."""
    try:
        found = names(section.text, section.line)
    except Flaw as flaw:
        wrong(path, flaw.line, str(flaw))
    for name, line in found.used.items():
        kind = head.variables.get(name)
        if kind is None:
            wrong(path, line, f"there is no variable '{name}': [variables] names {', '.join(head.variables) or 'none'}")
        if kind not in kinds:
            wrong(path, line, f"'{name}' is from outside and cannot stand in the system message, only under '# user'")
    for name in found.listed:
        if head.variables[name] != OUTSIDE:
            wrong(path, found.used[name], f"'{name}' is our own word: a loop runs over a list from outside")
