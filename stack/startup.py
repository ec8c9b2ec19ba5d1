"""Starting services: what each needs before it, its preparation, its process, and the wait until it answers."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from stack.errors import ServiceFailed
from stack.progress import Steps
from stack.service import Service, Unhealthy
from stack.supervision import Supervisor

# A program that cannot be started again this often in a row will not become healthy by waiting
_GIVE_UP_STATES = frozenset({"FATAL", "STOPPED", "EXITED"})


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


def launch(service: Service, supervisor: Supervisor) -> None:
    """Start ``service`` unless it runs."""
    known = supervisor.processes().get(service.name)
    if known is None or not known.runs:
        service.prepare()
        supervisor.start(service.name)


def await_healthy(service: Service, supervisor: Supervisor) -> None:
    """Wait until ``service`` answers as it should. Raises ServiceFailed when it does not in its time."""

    def check() -> None:
        try:
            service.check()
        except Unhealthy:
            state = supervisor.processes().get(service.name)
            if state is None or state.state in _GIVE_UP_STATES:
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
            f"{service.name} at {service.address} {reason} after {service.start_seconds} s: see `bin/dataflix logs {service.name}`."
        ) from None


def bring_up(service: Service, supervisor: Supervisor, steps: Steps) -> None:
    """Start ``service`` and wait until it answers, shown as a step."""
    with steps.step(f"{service.summary} on {service.address}"):
        launch(service, supervisor)
        await_healthy(service, supervisor)


def run_in_order(tasks: Mapping[str, tuple[Iterable[str], Callable[[], None]]]) -> None:
    """Run every task once those that it needs are done, side by side where nothing stands between them.

    The first failure is raised, after the tasks that were running have ended; nothing new begins.
    """
    order = TopologicalSorter({name: [need for need in needs if need in tasks] for name, (needs, _) in tasks.items()})
    order.prepare()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(max(1, len(tasks))) as pool:
        while order.is_active():
            running |= {pool.submit(tasks[name][1]): name for name in order.get_ready()}
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()
                order.done(name)
