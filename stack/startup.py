"""Starting services: what each needs before it, its preparation, its process, and the wait until it answers."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from dataflix.errors import DataflixError
from stack.digests import digest
from stack.errors import ServiceFailed
from stack.home import Home
from stack.progress import Steps
from stack.service import Service, Unhealthy
from stack.supervision import Supervisor

# A program that the supervisor has given up on, or that was stopped, does not become healthy by waiting
_ENDED = frozenset({"FATAL", "STOPPED", "EXITED", "UNKNOWN"})
# Started this often without staying up, it will not: the supervisor's own patience is longer than a person's
_TRIES = 4


def with_needs(names: Iterable[str], table: Mapping[str, Service]) -> list[str]:
    """``names`` and everything that they need, in the table's order."""
    wanted: set[str] = set()

    def add(name: str) -> None:
        wanted.add(name)
        for need in table[name].needs:
            add(need)

    for name in names:
        add(name)
    return [name for name in table if name in wanted]


class Starter:
    """Starts services of one home, shown as steps."""

    def __init__(self, home: Home, supervisor: Supervisor, steps: Steps) -> None:
        self._home = home
        self._supervisor = supervisor
        self._steps = steps

    def bring_up(self, service: Service) -> None:
        """Have ``service`` running on what it reads now, and healthy. Raises ServiceFailed."""
        with self._steps.step(f"{service.summary} on {service.address}"):
            self.launch(service)
            self.await_healthy(service)

    def launch(self, service: Service) -> None:
        """Start ``service``; one that runs is started anew only when something that it reads has changed."""
        service.prepare()
        reads = digest(service.reads)
        known = self._supervisor.processes().get(service.name)
        if known is not None and known.is_up:
            if self._home.state().started_with.get(service.name) == reads:
                return
            self._supervisor.stop([service.name])
        self._home.record_started(service.name, reads)
        self._supervisor.start(service.name)

    def await_healthy(self, service: Service) -> None:
        """Wait until ``service`` answers as it should. Raises ServiceFailed when it does not in its time."""
        failed_starts: set[int] = set()
        answers = service.ready or service.check

        def check() -> None:
            try:
                answers()
            except Unhealthy:
                known = self._supervisor.processes().get(service.name)
                if known is not None and known.state == "BACKOFF":
                    failed_starts.add(known.started_at)
                if known is None or known.state in _ENDED or len(failed_starts) >= _TRIES:
                    raise ServiceFailed(
                        f"{service.name} ended instead of starting: see `bin/dataflix logs {service.name}`."
                    ) from None
                raise

        attempts = Retrying(
            stop=stop_after_delay(service.start_seconds),
            wait=wait_fixed(0.2),
            retry=retry_if_exception_type(Unhealthy),
        )
        try:
            attempts(check)
        except RetryError as error:
            reason = error.last_attempt.exception()
            raise ServiceFailed(
                f"{service.name} at {service.address} {reason}, {service.start_seconds} s after its start: see "
                f"`bin/dataflix logs {service.name}`."
            ) from None


Task = tuple[Iterable[str], Callable[[], None]]
"""The names of the tasks that go before, and what it does."""


def run_in_order(tasks: Mapping[str, Task]) -> None:
    """Run every task once those before it are done, side by side where nothing stands between them.

    The first failure is raised after the tasks that were running have ended; nothing new begins.
    """
    order = TopologicalSorter({name: [need for need in needs if need in tasks] for name, (needs, _) in tasks.items()})
    order.prepare()
    running: dict[Future[None], str] = {}
    pool = ThreadPoolExecutor(max(1, len(tasks)))
    try:
        while order.is_active():
            running |= {pool.submit(tasks[name][1]): name for name in order.get_ready()}
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()
                order.done(name)
    except DataflixError:
        pool.shutdown()
        raise
    finally:
        # A person who interrupts does not wait for what is under way
        pool.shutdown(wait=False)
