"""How long this host has been up: a clock that nobody can set.

The wall clock jumps: NTP corrects it, a virtual machine wakes with an old one, a host without a
battery starts in 1970. What must happen after so many seconds is counted by the time since the
boot, which also runs while the host sleeps, together with the name of that boot.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds since a boot; ``boot`` names it and is empty where the system does not tell."""

    boot: str
    seconds: float


def uptime() -> Uptime:
    """The present uptime."""
    try:
        boot = _BOOT_ID.read_text("ascii").strip()
    except OSError:  # a system without it; whoever compares falls back to the wall clock
        boot = ""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return Uptime(boot, time.clock_gettime(clock))
