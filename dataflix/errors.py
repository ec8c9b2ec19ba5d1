"""The errors of Dataflix. Each message is a sentence that says what failed, on what, and what to do."""


class DataflixError(Exception):
    """Something failed that a person can act on. Borders make it an exit code, a problem document or a dead letter."""


class SettingsError(DataflixError):
    """A setting is missing, malformed or contradicts another."""


class ContractViolation(DataflixError):
    """A contract file, a table or an event does not fit the contract of its table."""


class MalformedEvent(ContractViolation):
    """A change event that cannot be read. The message names fields and types, never values: values may be personal."""


class SourceUnavailable(DataflixError):
    """PostgreSQL, Kafka, Connect, ClickHouse, MLflow or the object store does not answer."""


class NotFound(DataflixError):
    """The thing that was asked for does not exist."""
