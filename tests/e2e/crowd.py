"""A thousand made-up people whose values occur nowhere else, and the ways in which a change goes wrong."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import orjson
from confluent_kafka import Producer
from running_stack import Stack, patiently

from tests.debezium import a_rating, a_user, an_envelope, an_event

PEOPLE = 1_000
FIRST_ID = 5_000_000  # of events that no row of the source stands behind
MARK = re.compile(rb"qzcrowd", re.IGNORECASE)
HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")


def a_person(number: int) -> dict[str, str]:
    return {
        "username": f"qzcrowdlogin{number}",
        "email": f"qzcrowdmail{number}@example.net",
        "first_name": f"Qzcrowdfirst{number}",
        "last_name": f"Qzcrowdlast{number}",
    }


def plain_hashes() -> frozenset[bytes]:
    """What somebody would look for who guesses user names and e-mails and knows no key."""
    guesses = (a_person(number)[column] for number in range(PEOPLE) for column in ("username", "email"))
    return frozenset(hashlib.sha256(guess.encode()).hexdigest()[:16].encode() for guess in guesses)


@dataclass
class Crowd:
    """The people, on their way through a running stack."""

    stack: Stack
    letters: int = field(default=0)

    def sign_up(self, first: int, last: int) -> None:
        """Straight into the source, in one transaction, each with a rating."""
        with self.stack.source() as source, source.transaction(), source.cursor() as cursor:
            with cursor.copy("copy users (username, email, first_name, last_name) from stdin") as rows:
                for number in range(first, last):
                    rows.write_row(list(a_person(number).values()))
            cursor.execute(
                "insert into ratings (user_id, movie_id, rating) "
                "select user_id, 1 + user_id % 10, 3.5 from users where username like 'qzcrowdlogin%' "
                "on conflict do nothing"
            )

    def await_raw(self, count: int) -> None:
        query = "select count() from raw.users final where first_name = 'Q' || repeat('*', length(first_name) - 1)"
        for attempt in patiently(120):
            with attempt:
                assert self.stack.clickhouse.query(query).result_rows[0][0] >= count

    def be_refused(self) -> None:
        """By the API: taken names, wrong types, unknown fields, broken JSON; and by the source itself."""
        api, person = self.stack.api, a_person(0)
        other = a_person(PEOPLE)
        for body in (
            person,
            other | {"email": person["email"]},
            other | {"age": person["email"]},
            other | {"email": "qzcrowdmail without a host"},
            other | {"qzcrowdfield": "qzcrowdvalue"},
            other | {"username": "qzcrowd\nlogin"},
            other | {"first_name": "Qzcrowd" * 100},
            {"user_id": "qzcrowdlogin0", "movie_id": 1, "rating": 4.5},
        ):
            for path in ("/users", "/ratings"):
                answer = api.post(path, json=body)
                assert answer.is_client_error, body
                assert not MARK.search(answer.content.replace(b"qzcrowdfield", b"")), answer.text
        broken = api.post("/users", content=orjson.dumps(person)[:-9], headers={"content-type": "application/json"})
        assert broken.is_client_error
        assert not MARK.search(broken.content)

    def write_malformed_events(self) -> None:
        """Into the private topic, as a broken connector might."""
        producer = Producer({"bootstrap.servers": str(self.stack.settings.kafka), "partitioner": "murmur2_random"})
        events = [event for number in range(20) for event in self._malformed(number)]
        for number, value in enumerate(events):
            producer.produce(
                "cdc.public.users",
                key=orjson.dumps({"user_id": f"qzcrowdlogin{number}"}),
                value=value,
                headers=[("qzcrowdheader", b"qzcrowdvalue")],
            )
        producer.produce("cdc.public.ratings", key=b"qzcrowdkey", value=an_event(a_rating(rating="qzcrowdrating")))
        assert producer.flush(30) == 0
        self.letters = len(events) + 1

    def _malformed(self, number: int) -> list[bytes]:
        person: dict[str, Any] = a_user(FIRST_ID + number, **a_person(number))
        good = orjson.dumps(an_envelope(person, table="users"))
        wrong = {"age": "qzcrowdage", "user_id": "qzcrowdid", "created_at": "qzcrowdtime", "email": ["qzcrowdmail"]}
        envelope = an_envelope(person, table="users")
        return [
            good[:-40],
            good[: len(good) // 2],
            good + b"qzcrowdrest",
            good.replace(b'"op":"c"', b'"op":"qzcrowdop"'),
            good.replace(b'"table":"users"', b'"table":"qzcrowdtable"'),
            *(an_event(person | {name: value}, table="users") for name, value in wrong.items()),
            an_event({name: value for name, value in person.items() if name != "email"}, table="users"),
            orjson.dumps(envelope | {"source": "qzcrowdsource"}),
            orjson.dumps(envelope | {"op": "d", "before": person | {"user_id": None}, "after": None}),
            b'["qzcrowdlist"]',
            b"\xff\xfeqzcrowdbytes",
            orjson.dumps(person),
        ]

    def write_unnamed_columns(self) -> None:
        """A good event with columns that no contract names, and a before image beside the row."""
        person = a_user(FIRST_ID + PEOPLE, **a_person(1)) | {"nickname": "qzcrowdsecret", "phone": "qzcrowdphone"}
        event = an_envelope(person, table="users", op="u") | {"before": person}
        producer = Producer({"bootstrap.servers": str(self.stack.settings.kafka), "partitioner": "murmur2_random"})
        producer.produce(
            "cdc.public.users",
            key=orjson.dumps({"user_id": FIRST_ID + PEOPLE}),
            value=orjson.dumps(event),
            headers=[("qzcrowdheader", b"qzcrowdvalue")],
        )
        assert producer.flush(30) == 0

    def take_back_what_no_row_stands_behind(self) -> None:
        """So that source and raw agree for whoever comes next."""
        producer = Producer({"bootstrap.servers": str(self.stack.settings.kafka), "partitioner": "murmur2_random"})
        producer.produce(
            "cdc.public.users",
            key=orjson.dumps({"user_id": FIRST_ID + PEOPLE}),
            value=an_event({"user_id": FIRST_ID + PEOPLE}, op="d", table="users", commit=2_000, lsn=2_100),
        )
        assert producer.flush(30) == 0
        with self.stack.source() as source:
            source.execute("delete from users where username like 'qzcrowdlogin%'")
        self.stack.must_run("dlq", "discard", "--table", "users", "--table", "ratings")
