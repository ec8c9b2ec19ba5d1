"""What can go wrong while the stack is set up and run."""

from dataflix.errors import DataflixError


class BadInput(DataflixError):
    """A command was given something that it cannot work with."""


class InstallFailed(DataflixError):
    """An environment or a jar could not be installed."""


class PreflightFailed(DataflixError):
    """The machine cannot hold the stack as it is: a port in use, too little disk or memory."""


class ServiceFailed(DataflixError):
    """A service did not start, or did not become healthy."""


class StepFailed(DataflixError):
    """A command of one of the programs ended with an error."""


class HomeBusy(DataflixError):
    """Another command is changing what runs in the home."""
