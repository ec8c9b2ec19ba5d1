"""`tail`: what comes on a public topic."""

import sys
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import islice
from typing import Annotated

import typer

from dataflix.contracts import load_contracts
from dataflix.public_topics import PublicTopic, public_topic
from dataflix.settings import load_settings
from events.lines import RowLines, console, json_line, notice_line
from events.topic_reader import Received, Start, follow


def tail(
    topic: Annotated[str, typer.Argument(help="A public topic: masked.<table>, dead_letters or models.")],
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with everything that the topic holds.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each message, for programs.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many messages.")] = None,
) -> None:
    """Follow a public topic until Ctrl-C, a line for each message.

    Lines for people tell when a change was committed (UTC), what it was, the row's key and its columns; of a row that
    was shown before, the columns that changed. The topics cdc.* are private and are not shown.
    """
    settings = load_settings()
    chosen = public_topic(topic, load_contracts(settings.contracts))
    write = _json_writer() if as_json else _people_writer(chosen)
    start = Start.BEGINNING if from_beginning else Start.NOW
    with suppress(KeyboardInterrupt), closing(follow(settings.kafka, chosen.name, start, _say)) as messages:
        for message in islice(messages, limit):
            write(message)


def _json_writer() -> Callable[[Received], None]:
    return lambda message: print(json_line(message), flush=True)


def _people_writer(topic: PublicTopic) -> Callable[[Received], None]:
    output = console(sys.stdout)
    line = RowLines(topic.table).line if topic.table else notice_line
    return lambda message: output.print(line(message))


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
