"""``python -m cli``, which ``bin/dataflix shell`` becomes. What it imports at once is what a prompt needs, no more."""

import asyncio
import sys
from collections.abc import Iterable

from cli.arguments import Choices, read_choices
from cli.errors import BadCommand
from dataflix.errors import DataflixError, SettingsError

FAILURE, BAD_INPUT, INTERRUPTED = 1, 2, 130


async def _script(choices: Choices, lines: Iterable[str]) -> None:
    from cli.opening import open_session  # noqa: PLC0415 - a screen opens first and fetches this meanwhile
    from cli.paper import Paper  # noqa: PLC0415
    from cli.registry import COMMANDS  # noqa: PLC0415
    from cli.script import run_script  # noqa: PLC0415

    async with open_session(choices) as session:
        if choices.user_id is not None:
            session.become(await session.api.user(choices.user_id))
        await run_script(lines, COMMANDS, session, Paper(sys.stdout, as_json=choices.as_json))


def _run(choices: Choices) -> None:
    if choices.commands:
        asyncio.run(_script(choices, choices.commands))
    elif not sys.stdin.isatty() or not sys.stdout.isatty() or choices.as_json:
        asyncio.run(_script(choices, sys.stdin))
    else:
        from cli.screen.visit import run_screen  # noqa: PLC0415 - a script does without

        run_screen(choices)


def main() -> None:
    """Exits with 2 for bad input, 1 for a failure; either way with a sentence, never a traceback."""
    try:
        _run(read_choices(sys.argv[1:]))
    except DataflixError as error:
        print(f"dataflix: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT if isinstance(error, BadCommand | SettingsError) else FAILURE)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILURE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
