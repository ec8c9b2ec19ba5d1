"""What the topics without rows carry is what their schemas promise."""

from datetime import UTC, datetime

import orjson
import pytest
from jsonschema import Draft202012Validator, ValidationError

from dataflix.dead_letters import DeadLetter, Ending, Resolution
from dataflix.model_registry import Announcement
from dataflix.reference.notice_schema import announcement_schema, dead_letter_schema, resolution_schema


@pytest.mark.parametrize("key_hash", [None, "0123456789abcdef"])
def test_a_dead_letter_is_what_its_schema_promises(key_hash: str | None) -> None:
    letter = DeadLetter("cdc.public.users", 2, 17, key_hash, "UnfitValue", "A reason.", "0a1b", 0, datetime.now(UTC))
    schema = Draft202012Validator(dead_letter_schema())
    schema.validate(orjson.loads(letter.value()))
    with pytest.raises(ValidationError, match="payload"):
        schema.validate(orjson.loads(letter.value()) | {"payload": "unmistakable"})


@pytest.mark.parametrize("ending", Ending)
def test_a_resolution_is_what_its_schema_promises(ending: Ending) -> None:
    schema = Draft202012Validator(resolution_schema())
    schema.validate(orjson.loads(Resolution(ending, datetime.now(UTC)).value()))
    assert not schema.is_valid({"ending": "lost", "at": "2026-01-02T03:04:05Z"})


def test_an_announcement_is_what_its_schema_promises() -> None:
    announcement = Announcement(
        name="a model", version=2, run_id="a run", alias="champion", item_model="a/path", metrics={"ndcg": 0.08},
        at=datetime.now(UTC),
    )  # fmt: skip
    schema = Draft202012Validator(announcement_schema())
    schema.validate(orjson.loads(announcement.model_dump_json()))
    assert not schema.is_valid({"name": "a model"})
