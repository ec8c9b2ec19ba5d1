"""People.

No answer holds an e-mail address, a user name or a whole name, but to the scope `admin`: what shows of people is what
leaves PostgreSQL masked anyway.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, RootModel, StringConstraints, model_validator

from api.resources.forms import Answer, Body, Page, Text

_EMAIL = r"^[^@\s\u0000-\u001f\u007f]+@[^@\s\u0000-\u001f\u007f]+\.[^@\s\u0000-\u001f\u007f]+$"


def _without_default(schema: dict[str, Any]) -> None:
    """Left out, the field stays what it is: no value stands for that."""
    del schema["default"]


Email = Annotated[str, StringConstraints(max_length=254, pattern=_EMAIL)]
Age = Annotated[int, Field(ge=0, le=150)]


class Profile(Body):
    """What somebody may say about themselves."""

    first_name: Text | None = None
    last_name: Text | None = None
    city: Text | None = None
    state: Text | None = None
    country: Text | None = None
    age: Age | None = Field(default=None, description="Years")


class NewUser(Profile):
    """Somebody who signs up."""

    username: Text = Field(description="Login name, unique")
    email: Email = Field(description="Unique")


class UserUpdate(Profile):
    """What changes of a person. What is not named stays; null empties it."""

    username: Text = Field(default="", description="Login name, unique", json_schema_extra=_without_default)
    email: Email = Field(default="", description="Unique", json_schema_extra=_without_default)

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Should name at least one field")
        return self


class User(Answer):
    """A person as everybody may see them: the names keep their first letter."""

    user_id: int
    first_name: str | None = Field(description="First letter, then asterisks")
    last_name: str | None = Field(description="First letter, then asterisks")
    city: str | None
    state: str | None
    country: str | None


class Person(User):
    """A person as the administrator sees them."""

    username: str
    email: str
    first_name: str | None
    last_name: str | None


class Erasure(Answer):
    """A person who is being forgotten. The number is all that is left at the source."""

    user_id: int
    state: Literal["deleted", "erased"] = Field(
        description="`deleted`: gone from the source, the rest is under way; `erased`: a scan found nothing more"
    )
    requested_at: datetime
    attempts: int = Field(description="How often finishing it was begun")
    erased_at: datetime | None = Field(description="When the scan found nothing more")


class UserAnswer(RootModel[User | Person]):
    """A person, whole with the scope `admin`, else masked."""


class UserPage(RootModel[Page[User] | Page[Person]]):
    """People, whole with the scope `admin`, else masked."""
