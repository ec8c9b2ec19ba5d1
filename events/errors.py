"""What can go wrong for those who read the stream."""

from dataflix.errors import DataflixError


class StaleDocuments(DataflixError):
    """Generated documents are not what they are made from."""


class TopicMissing(DataflixError):
    """The broker does not have a topic, or not any more."""
