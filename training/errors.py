"""What can go wrong in training and import, beyond the errors of the kernel."""

from dataflix.errors import DataflixError


class UnfitData(DataflixError):
    """The interactions are too few, or not of a kind that a model can be trained on. The champion stays."""


class UnreadableDataSet(DataflixError):
    """A folder, a file or a line of a data set that is not what it should be. Nothing of it was imported."""


class ImportRunning(DataflixError):
    """Another import holds the source."""


class NotPromoted(DataflixError):
    """A version did not pass the gate. The champion stays."""
