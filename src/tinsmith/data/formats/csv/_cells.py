"""What one cell of a table may be: a number, a time, missing, a text."""

import re

NUMBER, TIME, MISSING, TEXT = "number", "time", "missing", "text"
ABSENT = frozenset(("", "?", "-", "na", "n/a", "nan", "null", "none", "#n/a"))
"""How exports write a value that is not there, in lower case."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf(?:inity)?", re.IGNORECASE)
_COMMA = re.compile(r"[-+]?(?:\d+,?\d*|,\d+)(?:[eE][-+]?\d+)?")
ISO = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))? ?(Z|[-+]\d{2}(?::?\d{2})?)?)?"
)
DAYS = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?)?"
)
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?")


def kind_of(cell: str, decimal: str = ".") -> str:
    """NUMBER, TIME (a date, a time of day or both), MISSING or TEXT."""
    text = cell.strip()
    if decimal == "." and text[-1:].isdigit() and _is_float(text):
        return NUMBER  # the usual case, the quick way
    if text.lower() in ABSENT:
        return MISSING
    if (_COMMA if decimal == "," else _NUMBER).fullmatch(text):
        return NUMBER
    if any(form.fullmatch(text) for form in (ISO, DAYS, CLOCK)):
        return TIME
    return TEXT


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
