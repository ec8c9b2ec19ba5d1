"""What can go wrong on the source side, beyond the errors of the kernel."""

from dataflix.errors import DataflixError


class MigrationFailed(DataflixError):
    """A migration of the source could not be applied, or an applied one was changed."""


class ConnectorFailed(DataflixError):
    """Kafka Connect refused the connector, or the connector does not run."""


class StreamLost(DataflixError):
    """Changes of the source did not reach the stream and cannot be read any more."""
