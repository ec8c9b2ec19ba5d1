"""``python -m stack.airflow_part PART …``: the first process of a container becomes a part of Airflow.

Its configuration is that of the embedded stack (stack/servers/airflow.py). What differs on containers is given to them
under Airflow's own names, and wins.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from dataflix.errors import SettingsError
from stack.commands.dbt import connection
from stack.home import Home, open_home
from stack.servers import airflow

_OF_AIRFLOW = "AIRFLOW__"
# It is the one that people log in to
_KNOWS_USERS = "api-server"


def environment(home: Home, given: Mapping[str, str]) -> dict[str, str]:
    """What the part runs with, in a container that was ``given`` these variables."""
    own = {name: value for name, value in given.items() if name.startswith(_OF_AIRFLOW)}
    place = {"DATAFLIX_ON_CONTAINERS": "true"}
    return {**given, **connection(home.settings), **airflow.environment(home), **place, **own}


def become(home: Home, arguments: Sequence[str]) -> NoReturn:
    """Become ``airflow PART …``."""
    os.chdir(airflow.folder(home))
    command = [str(part) for part in airflow.command(home, *arguments)]
    os.execve(command[0], command, environment(home, os.environ))  # noqa: S606


def main(arguments: Sequence[str]) -> int:
    """Become the part; 2, with a sentence, for settings that are not usable."""
    try:
        home = open_home()
        if arguments[0] == _KNOWS_USERS:
            airflow.write_password(home)
    except SettingsError as failure:
        print(f"dataflix: {failure}", file=sys.stderr)
        return 2
    become(home, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
