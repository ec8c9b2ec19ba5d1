"""What can go wrong while the stack is set up and run."""

from dataflix.errors import DataflixError


class InstallFailed(DataflixError):
    """An environment or a jar could not be installed."""


class PreflightFailed(DataflixError):
    """The machine cannot hold the stack as it is: a port in use, too little disk or memory."""


class ServiceFailed(DataflixError):
    """A service did not start, or did not become healthy."""


class StepFailed(DataflixError):
    """A command of one of the programs ended with an error."""
