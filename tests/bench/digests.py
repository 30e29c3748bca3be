"""Do the engines agree? Compares the digests of one piece of work (see `engines.base`)."""

from __future__ import annotations

import math
from typing import Any


def disagreement(answers: dict[str, dict[str, Any]], only_first_column: bool = False) -> str:
    """What differs between the engines' digests, or nothing. Engines that cannot do the work are left out.

    Rows sorted by their first column may come in any order within ties, so only that column is compared.
    """
    digests = {engine: answer["digest"] for engine, answer in answers.items() if "digest" in answer}
    if only_first_column:
        digests = {engine: [row[:1] for row in rows] for engine, rows in digests.items()}
    if len(digests) < 2:
        return ""
    (first, expected), *others = digests.items()
    for engine, digest in others:
        if problem := difference(expected, digest):
            return f"{first} and {engine} differ: {problem}"
    return ""


def difference(one: Any, other: Any) -> str:
    """The first place where two digests differ. Of two sets of groups the common ones count, and there must be some."""
    if isinstance(one, dict) and isinstance(other, dict):
        common = one.keys() & other.keys()
        if not common and (one or other):
            return f"no group in common: {list(one)[:3]} and {list(other)[:3]}"
        return next((f"{key}: {found}" for key in sorted(common) if (found := difference(one[key], other[key]))), "")
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{len(one)} and {len(other)} items"
        return next((found for pair in zip(one, other, strict=True) if (found := difference(*pair))), "")
    if isinstance(one, float | int) and isinstance(other, float | int):
        return "" if math.isclose(one, other, rel_tol=1e-9) else f"{one} and {other}"
    return "" if one == other else f"{one!r} and {other!r}"
