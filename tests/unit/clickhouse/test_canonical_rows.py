from decimal import Decimal

from clickhouse.reconciliation.canonical import Finisher, finish, key_reader, raw_query, source_query
from dataflix.contracts import Table
from dataflix.masking import mask_hash

MASKING_KEY = b"a key"


def a_contract(key: list[str], **columns: dict[str, object]) -> Table:
    described = {name: {"description": "Any", **column} for name, column in columns.items()}
    return Table.model_validate({"table": "things", "description": "Things.", "key": key, "columns": described})


PEOPLE = a_contract(
    ["id"],
    id={"type": "bigint"},
    email={"type": "text", "mask": "hash"},
    name={"type": "text", "mask": "initial", "nullable": True},
    height={"type": "double precision", "nullable": True},
)


def test_personal_values_of_the_source_are_masked_as_the_worker_masks_them() -> None:
    finisher = Finisher.of(PEOPLE, MASKING_KEY)
    masked = mask_hash("ada@example.org", MASKING_KEY)
    assert finish([("1", "ada@example.org", "Ada", None)], finisher.source) == [("1", masked, "A**", None)]


def test_raw_values_are_masked_already() -> None:
    row = ("1", "0123456789abcdef", "A**", "1.5")
    assert finish([row], Finisher.of(PEOPLE, MASKING_KEY).raw) == [row]


def test_null_and_empty_stay_what_they_are() -> None:
    rows = [("1", "", None, None), ("2", "", "", None)]
    assert finish(rows, Finisher.of(PEOPLE, MASKING_KEY).source) == rows


def test_a_double_has_one_spelling() -> None:
    finisher = Finisher.of(PEOPLE, MASKING_KEY)
    spellings = [("1e+20", "100000000000000000000"), ("Infinity", "inf"), ("NaN", "nan"), ("-0", "0"), ("0.1", "0.1")]
    for of_postgresql, of_clickhouse in spellings:
        source = finish([("1", "", "", of_postgresql)], finisher.source)
        assert source == finish([("1", "", "", of_clickhouse)], finisher.raw)


def test_neighbouring_doubles_are_told_apart() -> None:
    finisher = Finisher.of(PEOPLE, MASKING_KEY)
    one, next_one = "0.30000000000000004", "0.3"
    assert finish([("1", "", "", one)], finisher.source) != finish([("1", "", "", next_one)], finisher.raw)


def test_keys_compare_as_the_databases_order_them() -> None:
    table = a_contract(
        ["name", "size", "id"],
        id={"type": "bigint"},
        name={"type": "text"},
        size={"type": "numeric(4,1)"},
    )
    key_of = key_reader(table)
    assert key_of(("10", "é", "2.5")) == ("é", Decimal("2.5"), 10)
    rows = [("3", "é", "0"), ("10", "a", "9"), ("9", "a", "9"), ("2", "a", "-10"), ("1", "Z", "9")]
    assert sorted(rows, key=key_of) == list(reversed(rows))


def test_text_keys_are_ordered_byte_by_byte_and_uuids_by_their_text() -> None:
    by_text = a_contract(["name"], name={"type": "text"})
    assert source_query(by_text).endswith('ORDER BY t."name" COLLATE "C"')
    assert raw_query(by_text).endswith("ORDER BY `name`")
    by_uuid = a_contract(["id"], id={"type": "uuid"})
    assert source_query(by_uuid).endswith('ORDER BY t."id"')
    assert raw_query(by_uuid).endswith("ORDER BY toString(`id`)")


def test_long_text_is_digested_by_both_databases_but_not_where_it_is_masked_or_orders_the_rows() -> None:
    table = a_contract(
        ["name"],
        name={"type": "text"},
        story={"type": "text"},
        email={"type": "text", "mask": "hash"},
    )
    assert source_query(table).count("sha256") == 2  # the literal and the function, for the story
    assert raw_query(table).count("SHA256") == 1
