"""supervisord's configuration, rendered from the table of services. It holds credentials: its file is private."""

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from dataflix.errors import SettingsError
from stack.home import Home
from stack.service import Service

_SUPERVISOR = """\
; Written by `bin/dataflix up`
[unix_http_server]
file = {socket}
chmod = 0700

[supervisord]
logfile = {folder}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
pidfile = {folder}/supervisord.pid
childlogdir = {folder}
identifier = dataflix
directory = {home}
umask = 077
minfds = {open_files}
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{socket}
"""

# Retries are a second further apart each time: the last of these comes after some twenty minutes of trying
_PROGRAM = """
[program:{name}]
command = {command}
directory = {folder}
environment = {environment}
priority = {priority}
autostart = false
autorestart = true
startsecs = 1
startretries = 50
stopsignal = {stop_signal}
stopwaitsecs = {stop_seconds}
stopasgroup = {as_group}
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
{user}"""

_YIELDING = ("nice", "-n", "5")  # a third of the share of one that does not yield

# Where supervisord's parsers would cut a value short, or a line
_UNFIT = re.compile(r"[\r\n\"']|\s[;#]")

# What separates paths for Java, Kafka or Python, or stands for something else in a configuration
_UNFIT_PATH = re.compile(r"""[%,:\\"']""")


def _fit(what: str, value: str) -> str:
    if _UNFIT.search(value):
        raise SettingsError(f"{what} holds a quote, a line break, or ';' or '#' after a blank: choose another value.")
    return value.replace("%", "%%")


def _path(path: Path) -> str:
    if _UNFIT_PATH.search(str(path)):
        raise SettingsError(
            f"The path {path} holds one of % , : \\ or a quote, which lists of paths and the supervisor cannot take: "
            "choose another place."
        )
    return _fit("The path of the home or the project", str(path))


def _environment(values: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_fit(name, value)}"' for name, value in sorted(values.items()))


def _program(home: Home, service: Service) -> str:
    command = (*_YIELDING, *service.command) if service.yields else service.command
    own = {"DATAFLIX_HOME": str(home.folder), "DATAFLIX_SERVICE": service.name}
    return _PROGRAM.format(
        name=service.name,
        command=" ".join(shlex.quote(str(part)) for part in command).replace("%", "%%"),
        folder=_path(service.folder),
        environment=_environment(own | dict(service.environment)),
        priority=int(service.tier),
        stop_signal=service.stop_signal,
        stop_seconds=service.stop_seconds,
        # PostgreSQL tells its own children to end
        as_group="false" if service.stop_signal == "INT" else "true",
        log=_path(home.logs / f"{service.name}.log"),
        user=f"user = {service.user}\n" if service.user else "",
    )


def render(home: Home, socket: Path, services: Iterable[Service], open_files: int) -> str:
    """The whole configuration. Raises SettingsError when a path or a value cannot be written in it."""
    heading = _SUPERVISOR.format(
        socket=_path(socket),
        folder=_path(home.supervisor),
        home=_path(home.folder),
        open_files=open_files,
        user="user = root\n" if os.geteuid() == 0 else "",
    )
    return heading + "".join(_program(home, service) for service in services)
