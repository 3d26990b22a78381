"""Ctrl-C and a termination put off until work can be put aside; the second one comes at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Deferred:
    """The signal that came, if any did."""

    number: int | None = None


@contextmanager
def deferred_signals() -> Iterator[Deferred]:
    """Put off the first signal that asks to stop; it is raised again when the block has ended."""
    deferred = Deferred()
    if threading.current_thread() is not threading.main_thread():
        yield deferred  # signals come to the main thread alone
        return
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in handlers.items() if handler != signal.SIG_IGN}

    def put_off(number: int, frame: FrameType | None) -> None:
        deferred.number = number
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, put_off)
    try:
        yield deferred
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    if deferred.number is not None:
        signal.raise_signal(deferred.number)
