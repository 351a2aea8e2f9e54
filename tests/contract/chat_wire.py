"""What may pass over the wire of the chat protocol: requests, strict schemas and answers, checked on the server's side.

Types are those of the openai package. Its request types keep silent on unknown keys and read messages lazily, so both
are looked at here. The rules of strict schemas are those that OpenAI's endpoint enforces.
"""

from __future__ import annotations

import json
import math
import re
import typing
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from openai.types import Model
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.shared import ErrorObject
from pydantic import TypeAdapter, ValidationError

PARAMS = TypeAdapter(CompletionCreateParamsNonStreaming)
KNOWN = frozenset(typing.get_type_hints(CompletionCreateParamsNonStreaming))
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NOT_PERMITTED = ("default", "allOf", "oneOf", "not", "if", "then", "else", "patternProperties", "dependentRequired")
TOKENS_A_MESSAGE = 4


def wrong_with(body: Any) -> str:
    """What the protocol does not allow in a request; '' for a good one."""
    if not isinstance(body, dict):
        return "the body is not an object"
    if unknown := set(body) - KNOWN:
        return f"Unrecognized request argument supplied: {', '.join(sorted(unknown))}"
    try:
        list(PARAMS.validate_python(body)["messages"])
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
    if not body["messages"]:
        return "[] is too short - 'messages'"
    return _wrong_format(body)


def _wrong_format(body: dict[str, Any]) -> str:
    asked = body.get("response_format", {"type": "text"})
    if asked["type"] == "json_object":
        said = "json" in json.dumps(body["messages"]).lower()
        return "" if said else "'messages' must contain the word 'json' in some form"
    if asked["type"] != "json_schema":
        return ""
    named = asked["json_schema"]
    if not NAME.fullmatch(named["name"]):
        return f"Invalid 'response_format.json_schema.name': '{named['name']}'"
    if not named.get("strict"):
        return ""
    wrong = not_strict(json.dumps(named["schema"]))
    return f"Invalid schema for response_format '{named['name']}': {wrong}" if wrong else ""


@cache
def not_strict(schema: str) -> str:
    """Why a JSON schema cannot be asked for strictly; '' if it can."""
    root = json.loads(schema)
    Draft202012Validator.check_schema(root)
    if root.get("type") != "object":
        return "schema must be of type object"
    return next(_offences(root, ()), "")


def _offences(node: Any, where: tuple[str, ...]) -> typing.Iterator[str]:
    if isinstance(node, list):
        for i, part in enumerate(node):
            yield from _offences(part, (*where, str(i)))
    if not isinstance(node, dict):
        return
    names = where[-1:] in {("properties",), ("$defs",)}
    if not names:
        yield from (f"In context={where}, '{key}' is not permitted." for key in NOT_PERMITTED if key in node)
        if node.get("type") == "object":
            if node.get("additionalProperties") is not False:
                yield f"In context={where}, 'additionalProperties' is required to be supplied and to be false."
            if set(node.get("required", ())) != set(node.get("properties", ())):
                yield f"In context={where}, 'required' has to include every key in properties."
    for key, part in node.items():
        yield from _offences(part, (*where, key))


@cache
def validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))


def unfit(content: str | None, schema: dict[str, Any] | None) -> str:
    """Why an answer does not fit the schema that was asked for; '' if it does, or none was."""
    if schema is None:
        return ""
    try:
        value = json.loads(content or "")
    except ValueError as error:
        return f"not JSON: {error}"
    error = next(validator(json.dumps(schema)).iter_errors(value), None)
    return "" if error is None else f"{error.json_path}: {error.message}"


def n_tokens(text: str, bytes_per_token: float) -> int:
    """Scripted count: no tokeniser that works on bytes makes more than one token of a byte."""
    return math.ceil(len(text.encode()) / bytes_per_token)


def n_tokens_in(body: dict[str, Any], bytes_per_token: float) -> int:
    """Tokens that a request is billed: its messages and, as at OpenAI's endpoint, its schema."""
    texts = [part if isinstance(part, str) else json.dumps(part) for part in (m["content"] for m in body["messages"])]
    asked = body.get("response_format", {})
    if asked.get("type") == "json_schema":
        texts.append(json.dumps(asked["json_schema"]["schema"]))
    return sum(n_tokens(text, bytes_per_token) + TOKENS_A_MESSAGE for text in texts)


def completion(number: int, model: str, choices: list[dict[str, Any]], usage: tuple[int, int] | None) -> dict[str, Any]:
    """The body of an answer; raises ValidationError for what the openai package would not read."""
    body = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": model,
        "choices": choices,
    }
    if usage is not None:
        n_in, n_out = usage
        body["usage"] = {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out}
    ChatCompletion.model_validate(body)
    return body


def failure(message: str, code: str, kind: str) -> dict[str, Any]:
    """The body of an error in OpenAI's form."""
    error = {"message": message, "type": kind, "param": None, "code": code or None}
    ErrorObject.model_validate(error)
    return {"error": error}


def models(names: typing.Iterable[str]) -> dict[str, Any]:
    """The body of GET /v1/models."""
    data = [{"id": name, "object": "model", "created": 1_760_000_000, "owned_by": "scripted"} for name in names]
    for row in data:
        Model.model_validate(row)
    return {"object": "list", "data": data}
