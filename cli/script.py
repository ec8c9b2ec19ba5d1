"""Commands without a screen: from the command line, a pipe or a file, one after the other until one fails."""

from collections.abc import Iterable

from cli.command import Commands
from cli.errors import BadCommand
from cli.outcome import Outcome, Then
from cli.paper import Paper
from cli.session import Session


async def run_script(lines: Iterable[str], commands: Commands, session: Session, paper: Paper) -> None:
    """Run the lines; empty ones and what begins with # pass. Raises the error of the first that fails."""
    for line in lines:
        command = line.strip()
        if not command or command.startswith("# "):
            continue
        invocation = commands.parse(command)
        outcome = await invocation.command.run(session, invocation.arguments)
        if outcome.then is Then.LEAVE:
            return
        _refuse_what_asks(outcome)
        paper.write(outcome)


def _refuse_what_asks(outcome: Outcome) -> None:
    """Nobody is there to answer: say what to write instead."""
    if outcome.then is Then.OPEN_MENU:
        raise BadCommand("The menu needs a screen: `help` lists the commands.")
    if outcome.question:
        raise BadCommand(f"{outcome.said} {outcome.question.text}: say it in the command.".strip())
    if outcome.choice:
        options = ", ".join(f"{label} is {command.split()[1]}" for label, command in outcome.choice.options[:5])
        raise BadCommand(f"{outcome.choice.question} {options}.")
