"""Texts that people write and that stand in the log for ever: bounded, and about no person.

That no name stands in them nobody can check; the forms say so. The number of a person is found.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_NUMBER = re.compile(r"[0-9]{14}")
"""A resident's number, or most of one; no date, document number or telephone is as long."""
SHORTEST, LONGEST = 2, 500
LONGEST_STATEMENT = 2000


def _no_person(text: str) -> str:
    if _NUMBER.search(text):
        raise ValueError("number-of-a-person")
    return text


Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=SHORTEST, max_length=LONGEST),
    AfterValidator(_no_person),
]
"""A reason, an outcome, what is to be put right."""
Statement = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=SHORTEST, max_length=LONGEST_STATEMENT),
    AfterValidator(_no_person),
]
"""A longer account of something."""
