"""``bin/dataflix env``."""

from pathlib import Path
from typing import Annotated

import typer

from stack.containers import ENV_FILE, configurations, keep_credentials
from stack.progress import output


def env(
    file: Annotated[Path, typer.Option("--file", help="Where docker-compose is told to look.")] = ENV_FILE,
) -> None:
    """Write what docker-compose.yml reads: .env with generated credentials, for the owner only. What is there stays."""
    for path, text in configurations():
        path.write_text(text)
    new = keep_credentials(file)
    made = f"{len(new)} credentials were made" if new else "Nothing was missing"
    output().print(f"{made} in {file}. Next: docker-compose up -d", markup=False)
