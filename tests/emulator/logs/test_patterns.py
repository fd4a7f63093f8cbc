"""CloudWatch's filter patterns, by the examples of its documentation and observed behaviour.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json

import pytest
from hypothesis import strategies as st

from tasktracker_ops.emulator.logs.patterns import InvalidPattern, compile_pattern
from tests.properties import given

EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
        "ThatFlag": False,
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "coordinates": [[0, 1, 2], [4, 5, 6]],
        "cluster.name": "prod",
        "kebab-case": "yes",
        "empty": "",
        "latency": 123,
        "ratio": 12.0,
        "escaped": 'error "message"',
        "star": "Ev*ent",
        "text": "123",
    }
)


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("  ", "anything", True),
        ('" "', "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "Exiting with ERRORCODE: -1", True),
        ("error", "[ERROR 400] BAD REQUEST", False),
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ("?ERROR ?WARN", "WARN message", True),
        ("?ERROR ?WARN", "INFO message", False),
        ('?ERROR ?"timed out"', "Task timed out after 3.00 seconds", True),
        # A question mark beside other terms is ignored.
        ("?ERROR ?WARN REQUEST", "INFO REQUEST", True),
        ("?ERROR -WARN", "INFO", True),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ('"ERROR" - "Exiting"', "Exiting with ERRORCODE: -1", False),
        ("-ERROR", "INFO", True),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] SERVER INTERNAL ERROR", False),
        (r'"a \"b\" c"', 'x a "b" c y', True),
    ],
)
def test_terms_match_anywhere_in_a_message(pattern: str, message: str, expected: bool) -> None:
    """All of them, any of those with a question mark, none of those with a minus; case matters."""
    assert compile_pattern(pattern)(message) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('$.eventType = "UpdateTrail"', True),
        ("$.eventType = UpdateTrail", True),
        ("$.eventType = updatetrail", False),
        ("$.eventType = Update*", True),
        ('$.eventType = "*Trail"', True),
        ("$.eventType = *date*", True),
        # An asterisk in the middle is itself.
        ("$.eventType = Up*Trail", False),
        ('$.star = "Ev*ent"', True),
        ("$.sourceIPAddress != 123.123.*", True),
        ("$.sourceIPAddress = *.111.111.111", True),
        ("$.eventType = *", True),
        ('$.empty = "*"', True),
        ('$.empty = ""', True),
        ('$.arrayKey[0] = "value"', True),
        ("$.arrayKey[7] = *", False),
        ("$.objectList[1].id = 2", True),
        ("$.coordinates[0][1] = 1", True),
        ("$.['cluster.name'] = prod", True),
        ('$["cluster.name"] = prod', True),
        ("$.kebab-case = yes", True),
        ("$.SomeObject IS NULL", True),
        ("$.eventType IS NULL", False),
        ("$.Nothing IS NULL", False),
        ("$.Nothing NOT EXISTS", True),
        ("$.SomeObject NOT EXISTS", False),
        ("$.ThisFlag IS TRUE", True),
        ("$.ThatFlag IS TRUE", False),
        ("$.ThatFlag IS FALSE", True),
        ("$.latency = 123", True),
        ("$.latency = 123.0", True),
        ("$.latency != 123", False),
        ("$.latency > 122.5", True),
        ("$.latency >= +123", True),
        ("$.latency < 1e3", True),
        ("$.latency <= 10e-3", False),
        ("$.latency = 1*", True),
        ('$.latency = "*23"', True),
        # In quotation marks a number is compared as it is written.
        ('$.latency = "123"', True),
        ('$.latency != "123.0"', True),
        ('$.ratio != "12"', True),
        ("$.ratio = 12", True),
        # No order between a number and a text.
        ("$.text > 1", False),
        ("$.text <= 999", False),
        ("$.text = 123", True),
        (r'$.escaped = "error \"message\""', True),
        # Neither holds where there is no value: an array, an object, nothing.
        ("$.arrayKey = 1", False),
        ("$.arrayKey != 1", False),
        ("$.user != 1", False),
        ("$.Nothing != 1", False),
        ("$.ThisFlag = *", False),
        ('($.user.id = 1) && ($.objectList[0].name = "a")', True),
        ('($.user.id = 2 && $.latency = 123) || $.arrayKey[1] = "GET"', False),
        # && binds closer than ||.
        ("$.user.id = 1 || $.latency = 1 && $.ratio = 1", True),
        ("($.user.id = 1 || $.latency = 1) && $.ratio = 1", False),
        ("$.user.id=1&&($.latency>1||$.ratio<1)", True),
    ],
)
def test_json_patterns_compare_properties(condition: str, expected: bool) -> None:
    """Numbers by value, texts with an asterisk at either end."""
    assert compile_pattern(f"{{ {condition} }}")(EVENT) is expected


@pytest.mark.parametrize("message", ["", "no JSON", "[1]", '"x"', "{", "{}x", "[" * 5000, "null"])
def test_only_objects_match_a_json_pattern(message: str) -> None:
    """Whatever else an event is, no condition holds, not even that something is not there."""
    assert not compile_pattern("{ $.x NOT EXISTS }")(message)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"),
        ('""', "Invalid character(s) in term '\"\"'"),
        ("a@example.com", "Invalid character(s) in term 'a@example.com'"),
        ('{ $.a > "1" }', "Invalid character(s) in term '\"1\"'"),
        ("{ $.a > text }", "Invalid character(s) in term 'text'"),
        ('"open', "Invalid filter pattern"),
        ("{", "If a filter pattern"),
        ("{}", "Invalid filter pattern"),
        ("{ a = 1 }", "Invalid filter pattern"),
        ("{ $.a }", "Invalid filter pattern"),
        ("{ $.a = }", "Invalid filter pattern"),
        ("{ $.a = 1 && }", "Invalid filter pattern"),
        ("{ ($.a = 1 }", "Invalid filter pattern"),
        ("{ $.a = 1) }", "Invalid filter pattern"),
        ("{ $.a EXISTS }", "Invalid filter pattern"),
        ("{ $.a = $.b }", "Invalid filter pattern"),
        ("{ " + "(" * 60 + "$.a = 1" + ")" * 60 + " }", "Invalid filter pattern"),
        ("[ip, status = 4*]", "Patterns of fields in brackets are not emulated"),
        (r"%10\.0%", r"Regular expressions are not emulated: %10\.0%"),
        ("{ $.a = %x% }", "Regular expressions are not emulated: %x%"),
        ("- -a", "Invalid filter pattern"),
        ("?", "Invalid filter pattern"),
    ],
)
def test_other_patterns_are_refused(pattern: str, message: str) -> None:
    """In CloudWatch's words, where they are known; what is not emulated is named."""
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    assert str(caught.value).startswith(message)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(pattern: str, message: str) -> None:
    """Nothing else is raised, whatever the pattern and the message."""
    for text in (pattern, f"{{{pattern}}}", f"[{pattern}]", f"{{ $.a = {pattern} }}"):
        try:
            matches = compile_pattern(text)
        except InvalidPattern:
            continue
        assert matches(message) in (True, False)


@given(st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs"]), min_size=1))
def test_a_quoted_phrase_finds_itself(phrase: str) -> None:
    """Whatever its characters are."""
    assert compile_pattern(f'"{phrase}"')(f"before {phrase} after")
