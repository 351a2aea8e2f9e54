"""Passages that speak to a machine that reads them. They steer no answer; they put a post in front of people sooner.

Patterns in English and Korean over small letters; written from what public collections of prompt injections have in
common. Honest people rarely speak so of moderation, prompts and answers; who hides the words better is not found here.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.MULTILINE)


_TELL = (
    "(?:answer|reply|respond|say|output|return|print|classify|mark|label|rate|treat|judge|report|conclude|decide|"
    "consider|grade)"
)
_READER = (
    "(?:ai|a\\.i\\.|llm|gpt|chatgpt|assistant|language model|classifier|moderation (?:bot|model|system)|grader|judge|"
    "writer of profiles)"
)
_DECIDE = "판단|분류|출력|판정|처리|간주|평가|표시|매기|매겨"
_SAY = f"(?:답(?=하|변|해|을|은|$)|{_DECIDE}|대답|응답|적으|적어|쓰|써|넣|추가|포함)"
_ENGLISH = _any(
    r"(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|prompt|rule|polic|guideline|above|previous|"
    r"earlier|were told)",
    rf"\b{_TELL}\b.{{0,60}}?(?:\bis[_ ]?spam\b|\bnot (?:a )?spam\b|\bas (?:spam|ham|safe|a scam)\b|\brelevan)",
    r"\b(?:answer|reply|respond|say|output|return)\b.{0,40}?\b(?:true|false)\b",
    r"\bis[_-]spam(?![a-z])|[\"'](?:is_spam|reasoning|quotes|grade|facets)[\"'] ?:",
    r"\b(?:relevance|grade|score)(?: grade| score)? ?[:=] ?[0-2]\b",
    rf"\b(?:dear|hey|hello|attention|note to(?: the)?|you are(?: now)?(?: an?| the)?|as an?|act as(?: an?)?|"
    rf"pretend(?: to be)?(?: an?)?) {_READER}\b",
    r"\byou are (?:now )?[a-z]{2,20}(?:bot|gpt)\b|\bfrom now on,? you\b|\byou have no (?:rules|restrictions)\b",
    r"\b(?:system|developer) (?:prompt|message|mode|instruction|override)|^\W{0,6}(?:system|assistant|user) ?:",
    r"[\"']role[\"'] ?: ?[\"']",
    r"\b(?:moderator|administrator|admin|developer|support team|policy team)s?\b.{0,60}\b(?:approved|whitelisted|"
    r"cleared|not spam)",
    r"\b(?:decode|translate)\b.{0,40}\b(?:follow|obey|do what|execute|comply)|\bthese (?:new )?instructions?\b",
    r"\b(?:add|append|copy|include|insert|write|put)\b.{0,40}(?:this sentence|word for word|(?:to|in) the (?:profile|"
    r"description|answer))",
    r"\bwhen you (?:describe|summari[sz]e|judge|grade|classify)\b",
    r"\bhow (?:sellers|people) write,? (?:add|say|include)\b",
)
_KOREAN = _any(
    r"(?:이전|위|앞|지금까지|기존|모든|시스템)\S{0,4} {0,2}(?:의 )?(?:모든 )?"
    r"(?:지시|명령|규칙|프롬프트|지침|설정)\S{0,6} {0,2}(?:사항)?\S{0,3} {0,2}(?:무시|잊|따르지|버리|버려|덮어)",
    r"(?:스팸|광고|업자|사기|정상|일반인|거짓|참(?=으로|이라)|true|false)[^.\n]{0,14}?"
    rf"(?:라고|으로|로|고|라) ?(?:만 )?{_SAY}",
    rf"(?:등급|관련도|관련성|점수[^.\n]{{0,4}}[0-2])[^.\n]{{0,16}}?{_SAY}(?:하|해|세|라|시|어|으)",
    rf"\d점(?:을|으로) ?{_SAY}",
    r"(?:너는|넌|당신은|이제부터|지금부터)[^.\n]{0,30}(?:봇|인공지능|ai|모델|검사관|심사관|평가자|판사|규칙이 없)",
    r"(?:ai|인공지능|챗봇|모델|분류기|판정기|평가자|심사자|작성자)(?:에게|님|는|은|야)[ ,:]",
    r"(?:운영자|관리자|모더레이터|운영팀|검수팀|담당자)[^.\n]{0,40}(?:승인|통과|정상|문제 ?없|이상 ?없|스팸 ?아)"
    "|검수 ?완료",
    r"(?:시스템|운영|관리자) ?(?:공지|메시지|프롬프트|지시)",
    r"(?:풀어서|해독해서|번역해서|번역하고|옮기고|그대로)[^.\n]{0,10}따르",
    rf"[\"”」'](?:라는|라고|이라고|를|을|는)?[^.\n]{{0,10}}(?:문장|내용|그대로|꼭|반드시)[^.\n]{{0,10}}{_SAY}",
)
_TELLING = (
    "ignore disregard forget override bypass answer reply respond say output return print classify mark label rate "
    "treat judge report conclude decide consider grade spam relevance relevant score ai llm gpt chatgpt assistant "
    "model classifier grader rules restrictions developer developers system user role moderator moderators admin "
    "admins administrator administrators team teams decode translate instruction instructions sentence word profile "
    "description describe summarise summarize sellers people reasoning quotes facets"
)
_ENGLISH_WORDS = frozenset(_TELLING.split())
_BOT = re.compile(r"bot\b")
_WORD = re.compile("[a-z]+")
_KOREAN_LIKELY = re.compile(
    "지시|명령|규칙|프롬프트|지침|설정|스팸|광고|업자|사기|정상|일반인|거짓|참|true|false|등급|점수|관련|점[을으]|봇|"
    "인공|ai|모델|검사관|심사|평가자|판사|분류기|판정기|작성자|관리자|모더레이터|운영|검수|담당자|시스템|따르|문장|내용|"
    "그대로|꼭|반드시"
)
"""Most text has none of these words, and needs no second look."""


def instructions(text: str) -> tuple[str, ...]:
    """Instruction-like passages of a text in plain characters, in order; Korean and English."""
    lower = text.lower()
    found: list[re.Match[str]] = []
    if not _ENGLISH_WORDS.isdisjoint(_WORD.findall(lower)) or _BOT.search(lower):
        found += _ENGLISH.finditer(lower)
    if _KOREAN_LIKELY.search(lower):
        found += _KOREAN.finditer(lower)
    return tuple(" ".join(passage[0].split()) for passage in sorted(found, key=lambda passage: passage.start()))
