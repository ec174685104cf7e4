"""How many made-up examples a property is tried with, few in each run, more where asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, settings

VARIABLE: Final = "TESTS_EXAMPLES_TIMES"


def seeds(count: int) -> range:
    """So many seeds of random writers, times what ``TESTS_EXAMPLES_TIMES`` says."""
    return range(count * int(os.environ.get(VARIABLE, "1")))


def examples(count: int) -> Callable[[Any], Any]:
    """So many examples, times what ``TESTS_EXAMPLES_TIMES`` says."""
    return settings(
        max_examples=count * int(os.environ.get(VARIABLE, "1")),
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
