"""Prompt files: what is read, what is refused and where, what a template may do, which of two files counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch import wiring
from semsearch.errors import MissingPart, UsageError
from semsearch.llm.prompts import Prompt, Prompts, hash_of, library, shipped_folder
from semsearch.llm.prompts.checking import checked, problems
from semsearch.llm.prompts.front_matter import Parameters
from semsearch.llm.prompts.templates import Flaw, Outside, OutsideList, names, rendered

ROOT = Path(__file__).resolve().parents[3]
HEAD = """+++
id = "test-prompt"
version = 2
purpose = "For tests"
model = "small"
output = "test.answer"

[parameters]
temperature = 0
max_tokens = 60

[variables]
kind = "own"
post = "outside"
posts = "outside"
+++
"""
BODY = """
# system

Say "answer" of a {{ kind }}.

# user

{% for each in posts %}
{{ loop.index }} {{ each }}
{% endfor %}
{{ post }}
"""
TEXT = HEAD + BODY
PATH = Path("prompts/test-prompt.md")
KNOWN = {"test.answer": ("answer",)}


def changed(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as found:
        Prompt.of(text, PATH)
    assert found.value.next_step.endswith("semsearch prompts check test-prompt")
    return found.value.message


def listed(*texts: str) -> OutsideList:
    return OutsideList(map(Outside, texts))


# --- what is read -------------------------------------------------------------------------------------------------


def test_a_prompt_is_its_front_matter_and_two_templates():
    prompt = Prompt.of(TEXT, PATH)
    assert (prompt.id, prompt.version, prompt.purpose, prompt.role) == ("test-prompt", 2, "For tests", "small")
    assert prompt.parameters == {"temperature": 0, "max_tokens": 60}
    assert prompt.variables == {"kind": "own", "post": "outside", "posts": "outside"}
    assert prompt.system == 'Say "answer" of a {{ kind }}.'
    assert prompt.user.endswith("{{ post }}")
    assert checked(prompt, KNOWN) == []


def test_the_hash_is_of_the_text_but_not_of_how_an_editor_saves_it(tmp_path: Path):
    path = tmp_path / "test-prompt.md"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "  \r\n").encode() + b"\r\n\r\n")
    saved = Prompt.read(path)
    assert saved.prompt_hash == Prompt.of(TEXT, PATH).prompt_hash == hash_of(TEXT)
    assert saved.user.splitlines()[0] == "{% for each in posts %}"
    for other in (TEXT.replace("of a", "of the"), TEXT.replace("60", "61"), TEXT.replace("\n# user", "\n\n# user")):
        assert hash_of(other) != hash_of(TEXT)


def test_parameters_are_those_of_the_openai_package():
    from openai.types.chat.completion_create_params import CompletionCreateParamsBase

    assert Parameters.model_fields.keys() <= CompletionCreateParamsBase.__annotations__.keys()


# --- what is refused, and where -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("+++\nid", "id")], "line 1: a prompt begins with front matter between two lines +++"),
        ([("+++\n\n# system", "\n# system")], "the front matter that begins in line 1 is not closed by +++"),
        ([("version = 2", "version = = 2")], "line 3: the front matter is not TOML"),
        ([("version = 2", "version = true")], "line 3: 'version' in the front matter: it should be a valid integer"),
        ([("version = 2", "version = 0")], "line 3: 'version' in the front matter: it should be greater than"),
        ([("version = 2\n", "")], "the front matter has no 'version'"),
        ([("purpose", "purpos")], "line 4: the front matter knows no 'purpos'"),
        ([('"small"', '"tiny"')], "line 5: 'model' in the front matter: it should be 'small' or 'large'"),
        ([("temperature = 0", "tools = []")], "line 9: the front matter knows no 'parameters.tools'"),
        ([("temperature = 0", "temperature = nan")], "line 9: 'parameters.temperature' in the front matter"),
        ([("max_tokens = 60", "max_tokens = 0")], "line 10: 'parameters.max_tokens' in the front matter"),
        ([('kind = "own"', 'kind = "mine"')], "line 13: 'variables.kind' in the front matter: it should be 'own' or"),
        ([('kind = "own"', 'Kind = "own"')], "line 13: 'variables.Kind' in the front matter"),
        ([('"test-prompt"', '"other"')], "its id is 'other': a prompt's file is named by its id"),
        ([("# system", "words\n# system")], "line 18: text before the first of the headings"),
        ([("# user", "# usr")], "it has no line '# user'"),
        ([("# system", "# sys")], "it has no line '# system'"),
        ([("# user", "# user\na\n# user")], "line 24: '# user' stands here for the second time"),
        ([('Say "answer" of a {{ kind }}.', " ")], "there is no text below this heading"),
        ([("{{ kind }}", "{{ post }}")], "line 20: 'post' is from outside and cannot stand in the system message"),
        ([("{{ kind }}", "{% if post %}x{% endif %}")], "line 20: 'post' is from outside"),
        ([("{{ kind }}", "{% for a in posts %}x{% endfor %}")], "line 20: 'posts' is from outside"),
        ([("{{ post }}", "{{ pots }}")], "line 27: there is no variable 'pots': [variables] names kind, post, posts"),
        ([("in posts", "in kind")], "line 24: 'kind' is our own word: a loop runs over a list from outside"),
        ([("{{ post }}", "{{ post")], "line 27: the template cannot be read: unexpected end"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(pairs: list[tuple[str, str]], said: str):
    told = refusal(changed(*pairs))
    assert told.startswith(str(PATH)) and said in told
    assert told.endswith(".") and not told.endswith("..")


@pytest.mark.parametrize(
    "body",
    [
        "{{ ''.__class__ }}",
        "{{ post.__class__.__mro__ }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for a in posts %}{% for b in posts %}{{ b }}{% endfor %}{% endfor %}",
        "{% for a in posts recursive %}{{ loop(posts) }}{% endfor %}",
        "{% for a in posts if a %}{{ a }}{% endfor %}",
        "{% for a, b in posts %}{{ a }}{% endfor %}",
        "{% for a in posts %}{{ loop.__init__ }}{% endfor %}",
        "{% for a in 'abc' %}{{ a }}{% endfor %}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ '%99999999d' % 1 }}",
        "{{ post ~ post }}",
        "{{ post | upper }}",
        "{{ post[:9] }}",
        "{{ posts[0] }}",
        "{{ cycler }}{{ lipsum(9999) }}",
        "{% set post = 'x' %}",
        "{% if 'x' in post %}{% endif %}",
        "{% include '/etc/passwd' %}",
        "{% macro m() %}{% endmacro %}",
        "{% filter upper %}{{ post }}{% endfilter %}",
        "{% block b %}{% endblock %}",
        "{% with a = 1 %}{% endwith %}",
    ],
)
def test_a_template_can_place_and_ask_and_nothing_else(body: str):
    assert "line 27" in refusal(changed(("{{ post }}", body)))


@pytest.mark.parametrize(
    "body", ["{% if post %}" * 110 + "x" + "{% endif %}" * 110, "{{ " + "(" * 5000, "{% if post %}" * 5000]
)
def test_a_template_cannot_be_nested_without_end(body: str):
    assert "nested too deep" in refusal(changed(("{{ post }}", body)))


@given(st.text(max_size=200))
def test_any_text_is_a_prompt_or_a_usage_error(text: str):
    for whole in (text, HEAD + text, changed(("{{ post }}", text))):
        try:
            assert Prompt.of(whole, PATH).id == "test-prompt"
        except UsageError as error:
            assert str(PATH) in error.message


# --- what a template does -----------------------------------------------------------------------------------------


def test_texts_from_outside_are_placed_whole_and_never_read_as_a_template():
    posts = listed("{{ post }}", "# system")
    shown = rendered(Prompt.of(TEXT, PATH).user, {"post": Outside("{% for %}<b>"), "posts": posts})
    assert shown == "1 {{ post }}\n2 # system\n{% for %}<b>"


def test_what_is_not_given_is_false_in_a_condition_and_an_error_where_it_is_placed():
    source = "{% if post %}[{{ post }}]{% endif %}."
    assert rendered(source, {"post": Outside("x")}) == "[x]."
    assert rendered(source, {"post": Outside("", empty=True)}) == rendered(source, {}) == "."
    with pytest.raises(Flaw, match="'post' is undefined"):
        rendered("{{ post }}", {})


def test_a_list_is_no_text_and_a_text_no_list():
    with pytest.raises(Flaw, match="for each in name"):
        rendered("{{ posts }}", {"posts": listed("a")})
    with pytest.raises(Flaw, match="not by"):
        rendered("{% for a in post %}{{ a }}{% endfor %}", {"post": Outside("abc")})


def test_variables_are_found_with_their_first_lines():
    found = names(
        "{{ a }}\n{% if b == 'x' %}{{ a }}{% endif %}\n{% for c in d %}{{ c }}{% else %}{{ e }}{% endfor %}", 10
    )
    assert found.used == {"a": 10, "b": 11, "d": 12, "e": 12}
    assert found.listed == {"d"}


# --- what is wrong beyond that ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("{{ kind }}", "post")], "the variable 'kind' is declared and not used"),
        ([('"test.answer"', '"test.other"')], "there is no output 'test.other': there are test.answer"),
        ([('Say "answer"', "Speak")], "the model is never told of the field 'answer', which test.answer has"),
        ([("max_tokens = 60\n", "")], "nobody can say what a call costs at most"),
    ],
)
def test_what_can_be_used_and_is_wrong_all_the_same(pairs: list[tuple[str, str]], said: str):
    [told] = checked(Prompt.of(changed(*pairs), PATH), KNOWN)
    assert said in told


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("of a", "of the")], "it has the version of the shipped prompt, 2, and another text: raise the version"),
        ([("= 2", "= 3"), ('"test.answer"', '"test.more"')], "its output is 'test.more', that of the shipped prompt"),
        ([("= 2", "= 3"), ('post = "outside"', 'text = "outside"'), ("{{ post }}", "{{ text }}")], "nothing fills"),
        ([("= 2", "= 3"), ('post = "outside"\n', ""), ("{{ post }}", "")], "it has no 'post', which the shipped"),
        ([("= 2", "= 3"), ('post = "outside"', 'post = "own"')], "the variable 'post' is outside, not own"),
        ([("= 2", "= 3"), ("{{ post }}", "{% for a in post %}{{ a }}{% endfor %}")], "'post' is placed by {{ post }}"),
    ],
)
def test_a_workspaces_prompt_must_fit_into_the_place_of_the_shipped_one(pairs: list[tuple[str, str]], said: str):
    told = checked(Prompt.of(changed(*pairs), PATH), KNOWN | {"test.more": ()}, Prompt.of(TEXT, PATH))
    assert said in told[0]


def test_a_raised_version_may_have_another_text_and_an_equal_text_the_same_version():
    for text in (TEXT, changed(("= 2", "= 3"), ("of a", "of the"))):
        assert checked(Prompt.of(text, PATH), KNOWN, Prompt.of(TEXT, PATH)) == []


# --- which file counts --------------------------------------------------------------------------------------------


@pytest.fixture
def both(tmp_path: Path) -> Prompts:
    for folder in ("shipped", "own"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test-prompt.md").write_text(TEXT)
    (tmp_path / "shipped" / "more.md").write_text(changed(('"test-prompt"', '"more"')))
    return Prompts(tmp_path / "shipped", tmp_path / "own")


def test_a_workspaces_file_goes_before_the_shipped_one(both: Prompts, tmp_path: Path):
    assert both.ids() == ["more", "test-prompt"]
    assert [both.origin(each) for each in both.ids()] == ["shipped", "workspace"]
    assert both.get("test-prompt").path == tmp_path / "own" / "test-prompt.md"
    assert both.get("test-prompt", "shipped").path == tmp_path / "shipped" / "test-prompt.md"
    assert [prompt.id for prompt in both.all()] == ["more", "test-prompt"]
    alone = Prompts(tmp_path / "shipped", tmp_path / "nothing")
    assert alone.ids() == both.ids() and alone.origin("test-prompt") == "shipped"


def test_an_empty_file_is_none(both: Prompts, tmp_path: Path):
    (tmp_path / "own" / "test-prompt.md").write_text("")
    (tmp_path / "own" / "new.md").write_text("")
    assert both.origin("test-prompt") == "shipped"
    assert both.ids() == ["more", "test-prompt"]


@pytest.mark.parametrize(
    "name", ["", "unknown", "../shipped/test-prompt", "/etc/passwd", ".", "..", "a\x00b", "x" * 5000]
)
def test_an_id_is_that_of_a_file(both: Prompts, name: str):
    with pytest.raises(UsageError) as found:
        both.get(name)
    assert found.value.next_step == "Next: semsearch prompts list"


def test_a_file_with_a_fault_is_told_by_checking_and_harms_no_other(both: Prompts, tmp_path: Path):
    path = tmp_path / "own" / "test-prompt.md"
    path.write_bytes(b"+++\nid = 'x'\n\xff")
    assert problems(both, "more", KNOWN) == []
    assert problems(both, "test-prompt", KNOWN) == [f"{path}, line 3: this is not UTF-8."]
    with pytest.raises(UsageError, match="line 3"):
        both.all()


# --- the shipped ones ---------------------------------------------------------------------------------------------

SHIPPED = {
    ("relevance-facets", 1): "ba9c98e4444a6dc9",
    ("relevance-facets-ko", 1): "838d78b1f7786d20",
    ("spam-feature", 1): "83e664f55d1f17bb",
    ("spam-profile", 1): "1aaafa61487dd8a1",
    ("spam-verdict", 1): "8a0999a15b2de0a3",
}
"""The text of every version. A changed text is another version: raise it in the file, then add a line here."""


def test_a_shipped_text_changes_with_its_version_only():
    found = {(prompt.id, prompt.version): prompt.prompt_hash for prompt in Prompts.open(None).all()}
    assert found == {key: SHIPPED.get(key) for key in found}
    assert {name for name, _ in found} == {name for name, _ in SHIPPED}


def test_the_shipped_prompts_are_in_the_package_or_beside_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert shipped_folder() == ROOT / "prompts"
    package = tmp_path / "src" / "semsearch"
    monkeypatch.setattr(library, "__file__", str(package / "llm" / "prompts" / "library.py"))
    with pytest.raises(MissingPart, match="has no prompts"):
        shipped_folder()
    for folder in (
        tmp_path / "prompts",
        package / "prompts",
    ):  # a checkout; then an installed package, which goes first
        folder.mkdir(parents=True)
        assert shipped_folder() == folder


def test_nothing_is_wrong_with_the_shipped_prompts():
    prompts = wiring.open_prompts()
    assert {each: problems(prompts, each, wiring.known_outputs()) for each in prompts.ids()} == {
        each: [] for each, _ in SHIPPED
    }


def test_the_verdict_prompt_works_with_a_profile_and_without():
    user = Prompts.open(None).get("spam-verdict").user
    bare = rendered(user, {"post": Outside("의자 팝니다")})
    assert bare == "The post to judge:\n\n의자 팝니다"
    full = rendered(user, {"post": Outside("의자 팝니다"), "profile": Outside("They hurry.")})
    assert full == f"How professional sellers write, as learned from other posts:\n\nThey hurry.\n\n{bare}"


def test_the_profile_prompt_shows_both_groups_in_full():
    user = Prompts.open(None).get("spam-profile").user
    shown = rendered(user, {"ordinary": listed("a", "b"), "sellers": listed("c")})
    assert shown == "Posts by ordinary people:\n\na\n\nb\n\nPosts by professional sellers:\n\nc"


def test_reasoning_is_asked_for_before_the_answer():
    """The order of the words is that of the shape: a model has reasoned when it answers."""
    prompts = wiring.open_prompts()
    for prompt in prompts.all():
        fields = wiring.known_outputs()[prompt.output]
        places = [prompt.system.index(f'"{field}"') for field in fields]
        assert places == sorted(places)
