"""What is wrong with a prompt beyond what keeps it from being used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from semsearch.errors import UsageError
from semsearch.llm.prompts.library import OUTSIDE, Prompt, Prompts
from semsearch.llm.prompts.templates import names

CAPS = ("max_tokens", "max_completion_tokens")


def problems(prompts: Prompts, prompt_id: str, known_outputs: Mapping[str, Sequence[str]]) -> list[str]:
    """What is wrong with the prompt of an id, a sentence each; raises UsageError for an id that no file has."""
    path = prompts.path(prompt_id)
    try:
        prompt = Prompt.read(path)
    except UsageError as error:
        return [error.message]
    overrides = prompts.origin(prompt_id) == "workspace" and prompts.holds(prompt_id, "shipped")
    return checked(prompt, known_outputs, prompts.get(prompt_id, "shipped") if overrides else None)


def checked(
    prompt: Prompt, known_outputs: Mapping[str, Sequence[str]], shipped: Prompt | None = None
) -> list[str]:  # fmt: skip
    """What is wrong with a prompt that can be read, a sentence each.

    `known_outputs`: the fields of each shape by its name; `shipped`: the prompt whose place it takes.
    """
    found = [*_of_output(prompt, known_outputs), *_of_variables(prompt)]
    if not any(cap in prompt.parameters for cap in CAPS):
        found.append(f"[parameters] sets neither {' nor '.join(CAPS)}: nobody can say what a call costs at most")
    return [f"{prompt.path}: {told}." for told in (*found, *(_of_override(prompt, shipped) if shipped else ()))]


def _of_output(prompt: Prompt, known_outputs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    fields = known_outputs.get(prompt.output)
    if fields is None:
        yield f"there is no output '{prompt.output}': there are {', '.join(known_outputs)}"
    for field in fields or ():
        if field not in prompt.system and field not in prompt.user:
            yield f"the model is never told of the field '{field}', which {prompt.output} has"


def _of_variables(prompt: Prompt) -> Iterator[str]:
    used = names(prompt.system).used.keys() | names(prompt.user).used.keys()
    for name in prompt.variables:
        if name not in used:
            yield f"the variable '{name}' is declared and not used"


def _of_override(prompt: Prompt, shipped: Prompt) -> Iterator[str]:
    """What keeps a workspace's prompt from standing in for the shipped one."""
    if prompt.version == shipped.version and prompt.prompt_hash != shipped.prompt_hash:
        yield f"it has the version of the shipped prompt, {shipped.version}, and another text: raise the version"
    if prompt.output != shipped.output:
        yield f"its output is '{prompt.output}', that of the shipped prompt '{shipped.output}'"
    for name, kind in prompt.variables.items():
        if name not in shipped.variables:
            yield f"nothing fills the variable '{name}': the shipped prompt has {', '.join(shipped.variables)}"
        elif kind != shipped.variables[name]:
            yield f"the variable '{name}' is {shipped.variables[name]}, not {kind}"
    listed, wanted = names(prompt.user).listed, names(shipped.user).listed
    for name, kind in shipped.variables.items():
        if kind == OUTSIDE and name not in prompt.variables:
            yield f"it has no '{name}', which the shipped prompt shows to the model"
        elif name in prompt.variables and (name in listed) != (name in wanted):
            one = "{% for each in " + name + " %}" if name in wanted else "{{ " + name + " }}"
            yield f"'{name}' is placed by {one}, as in the shipped prompt"
