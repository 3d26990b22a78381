"""What is worked out of a network, remembered as long as the network itself is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from convtool.net.network import Network

Asked = TypeVarTuple("Asked")
Worked = TypeVar("Worked")


def remembered(
    most: int,
) -> Callable[[Callable[[Network, *Asked], Worked]], Callable[[Network, *Asked], Worked]]:
    """Remember what a function of a network gives, for so many questions about each network.

    `functools.lru_cache` would keep alive every network that it was asked about, of which training
    makes one after each epoch. So what the function gives may not hold its network either.
    """

    def decorate(work: Callable[[Network, *Asked], Worked]) -> Callable[[Network, *Asked], Worked]:
        known: WeakKeyDictionary[Network, dict[tuple[*Asked], Worked]] = WeakKeyDictionary()

        @wraps(work)
        def recall(network: Network, *asked: *Asked) -> Worked:
            own = known.setdefault(network, {})
            found = own.get(asked)
            if found is None:
                found = work(network, *asked)
                if len(own) >= most:
                    own.clear()
                own[asked] = found
            return found

        return recall

    return decorate
