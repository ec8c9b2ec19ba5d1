"""A check of schemathesis, which loads this module by its name: no answer tells what the API is made of."""

import re

import schemathesis
from schemathesis import Case, CheckContext, Response

INSIDES = re.compile(
    r"Traceback \(most recent call last|File \"[^\"]+\", line \d|psycopg|asyncpg"
    r"|\b(SELECT|DELETE)\b.+\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.+\bSET\b|\brelation \"|violates \w+ constraint"
)


@schemathesis.check
def no_insides_are_told(_context: CheckContext, response: Response, _case: Case) -> None:
    """No traceback, no name of a driver, no SQL and no message of PostgreSQL."""
    if found := INSIDES.search(response.text):
        raise AssertionError(f"The answer tells what is inside: {found[0]!r}")
