"""Why PostgreSQL and a client do not come together over encryption. Pure."""

from dataflix.settings import Settings


def encryption_refusal(settings: Settings, error: Exception) -> str | None:
    """``error`` of a connection as a sentence, where encryption is its reason; waiting does not help then."""
    text = str(error)
    if "does not support SSL" in text:
        return (
            f"PostgreSQL at {settings.postgres} does not encrypt, and DATAFLIX_POSTGRES_SSLMODE is "
            f"{settings.postgres_sslmode}: turn its TLS on, or choose prefer where nobody else is on the way."
        )
    if "certificate" in text:
        return (
            f"PostgreSQL at {settings.postgres} shows a certificate that is not trusted: let DATAFLIX_POSTGRES_CA_FILE "
            "name who signed it, and DATAFLIX_POSTGRES_HOST a name that it bears."
        )
    return None
