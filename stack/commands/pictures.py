"""``bin/dataflix pictures``."""

from pathlib import Path
from typing import Annotated

import typer

from stack.home import open_home
from stack.pictures import IMAGES, take


def pictures(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.", exists=True, file_okay=False)] = IMAGES,
) -> None:
    """Film the shell and take a picture of the live page, for the documentation; on the sample alone."""
    raise typer.Exit(take(open_home(), "take_pictures.py", folder))
