"""A Dask cluster: who is there, questions to them and work for one of them, none of it awaited in vain."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from itertools import count
from threading import Thread
from typing import Any, TypeVar

from convtool.errors import ArgumentError, OutputError

INSTALL = "pip install 'convtool-maps[dask]'"
TO_CLOSE = 1.0  # seconds that a farewell may take

_NOISY = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")

_GOES_ON = "the same command goes on from here"

Answer = TypeVar("Answer")


class Cluster:
    """The workers that a scheduler knows; its messages are read on a thread of its own.

    Parameters
    ----------
    address
        The scheduler's.
    timeout
        Seconds to wait for an answer.

    Raises
    ------
    ArgumentError
        The address is none.
    OutputError
        The distributed package is missing, or within the time there is no scheduler or no worker.
    """

    def __init__(self, address: str, timeout: float) -> None:
        self._distributed = _quiet_package()
        try:
            self._distributed.comm.get_address_host_port(address, strict=True)
        except ValueError:
            raise ArgumentError(f"--scheduler is {address!r}; give its address, as tcp://host:8786") from None
        self._address = address
        self._timeout = timeout
        self._departures = (self._distributed.KilledWorker, self._distributed.scheduler.NoValidWorkerError)
        self._numbers = count()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client: Any = None
        try:
            self._client = self._reached()
            self._awaited(partial(self._client.wait_for_workers, 1)).result(timeout)
        except TimeoutError:
            self.close()
            raise self.deserted() from None
        except BaseException:
            self.close()
            raise

    def members(self) -> dict[str, int]:
        """How many threads every worker has, by its address.

        Raises
        ------
        OutputError
            The scheduler is gone, or does not answer.
        """
        if self._client.status != "running":
            raise self.lost()
        try:
            members: dict[str, int] = self._awaited(self._client.nthreads).result(self._timeout)
        except OSError:  # TimeoutError is one
            raise self.lost() from None
        return members

    def ask(self, function: Callable[..., Answer], *arguments: object, of: str) -> Future[Answer | None]:
        """Have a worker answer at once, beside its tasks; ``None`` if it has left.

        Unlike a task, a question that a worker does not understand does it no harm.
        """

        async def answer() -> Answer | None:
            try:
                answers = await self._client.run(function, *arguments, workers=[of], on_error="return")
            except OSError:
                raise self.lost() from None
            given: Answer | Exception = answers[of]
            if isinstance(given, OSError):
                return None
            if isinstance(given, Exception):
                raise given
            return given

        return self._awaited(answer)

    def start(self, function: Callable[..., Answer], *arguments: object, on: str) -> Future[Answer | None]:
        """Have a worker do something.

        The future gives what comes of it, which may be any fault but an OSError. If the worker leaves it
        never ends, or gives ``None`` with schedulers that are set to be impatient. Cancelling it takes
        from the worker what it has not begun.
        """
        future = self._client.submit(
            function,
            *arguments,
            key=f"{self._client.id}-{next(self._numbers)}",
            workers=[on],
            allow_other_workers=False,
        )

        async def outcome() -> Answer | None:
            try:
                answer: Answer = await future
            except self._departures:
                return None
            except (CancelledError, OSError):  # on the way
                raise self.lost() from None
            finally:
                future.release()
            return answer

        return self._awaited(outcome)

    def tell(self, function: Callable[..., object], *arguments: object) -> None:
        """Have every worker do something at once, beside its tasks, if it can be reached."""
        with suppress(OSError):
            question = partial(self._client.run, function, *arguments, on_error="ignore")
            self._awaited(question).result(TO_CLOSE)

    def lost(self) -> OutputError:
        """The fault that the scheduler is gone."""
        return OutputError(f"the scheduler at {self._address} is gone; once it is back, {_GOES_ON}")

    def deserted(self) -> OutputError:
        """The fault that there are no workers."""
        return OutputError(
            f"no worker of the scheduler at {self._address} has answered for {self._timeout:g} s; "
            f"start some with 'dask worker {self._address}', then {_GOES_ON}"
        )

    def close(self) -> None:
        """Leave; what has been started and not begun is not done."""
        if self._client is not None:
            with suppress(OSError):
                self._awaited(self._client.close).result(TO_CLOSE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._runner.close()

    def _reached(self) -> Any:
        """A client of the distributed package."""

        async def reached() -> Any:
            client = self._distributed.Client(
                self._address, timeout=self._timeout, asynchronous=True, set_as_default=False
            )
            try:
                return await client
            except BaseException:
                await client.close()
                raise

        try:
            return self._awaited(reached).result()
        except OSError:
            raise OutputError(
                f"no scheduler answers at {self._address} within {self._timeout:g} s; "
                "start one there with 'dask scheduler'"
            ) from None
        except (TypeError, RuntimeError) as fault:
            raise OutputError(
                f"the scheduler at {self._address} cannot be reached as Dask is set up here: {fault}"
            ) from fault

    def _awaited(self, question: Callable[[], Awaitable[Answer]]) -> Future[Answer]:
        """What comes of something that has to be awaited where the client lives, on its own thread."""

        async def answer() -> Answer:
            return await question()

        return asyncio.run_coroutine_threadsafe(answer(), self._loop)


def _quiet_package() -> Any:
    """The distributed package, or how to install it.

    What it would say on stderr when workers come and go is said here by errors, or is no concern of a
    batch.
    """
    try:
        import distributed
        import distributed.comm
    except ImportError as error:
        raise OutputError(
            f"a Dask cluster needs the distributed package; install it with {INSTALL}"
        ) from error
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    return distributed
