"""Filter patterns: terms anywhere in a message, regular expressions, JSON and fields.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from tasktracker_ops.local.cloudwatch_logs.field_patterns import compile_field_pattern
from tasktracker_ops.local.cloudwatch_logs.json_patterns import compile_json_pattern
from tasktracker_ops.local.cloudwatch_logs.syntax import (
    QUOTED,
    REGEX,
    InvalidPattern,
    Token,
    invalid_term,
    searches,
    tokens,
    unquoted,
)

_TERM = re.compile(
    rf"(?P<space>\s+)|(?P<sign>[?-])\s*|(?P<quoted>{QUOTED})|(?P<regex>{REGEX})|(?P<word>[^\s\"%]+)"
)


@lru_cache(maxsize=100)
def compile_pattern(text: str) -> Callable[[str], bool]:
    """The test of a message that a filter pattern stands for; all match the empty one.

    Raises InvalidPattern.
    """
    text = text.strip()
    for opening, closing, build in (
        ("{", "}", compile_json_pattern),
        ("[", "]", compile_field_pattern),
    ):
        if text.startswith(opening):
            if not text.endswith(closing) or len(text) < 2:
                raise InvalidPattern(
                    f"If a filter pattern starts with '{opening}' it must end with '{closing}'"
                )
            return build(text)
    return _terms(list(tokens(_TERM, text)))


def _terms(parts: list[Token]) -> Callable[[str], bool]:
    wanted: dict[str, list[Callable[[str], bool]]] = {"": [], "?": [], "-": []}
    sign = ""
    for token in parts:
        if token.kind == "sign":
            if sign:
                raise InvalidPattern("Invalid filter pattern")
            sign = token.text
            continue
        wanted[sign].append(_term(token))
        sign = ""
    if sign:
        raise InvalidPattern("Invalid filter pattern")
    required, optional, excluded = wanted.values()
    # Beside terms of other kinds, those with a question mark count for nothing.
    if optional and not required and not excluded:
        return lambda message: any(term(message) for term in optional)
    return lambda message: (
        all(term(message) for term in required) and not any(term(message) for term in excluded)
    )


def _term(token: Token) -> Callable[[str], bool]:
    if token.kind == "regex":
        return searches(token.text)
    if token.kind == "quoted":
        phrase = unquoted(token.text)
        if not phrase:
            raise invalid_term(token.text)
        # A space in quotation marks is the documented pattern for everything.
        return lambda message: phrase in message or phrase.isspace()
    word = token.text
    if not all(character.isalnum() or character == "_" for character in word):
        raise invalid_term(word)
    return lambda message: word in message
