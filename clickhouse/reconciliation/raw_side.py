"""The raw side of the comparison: ClickHouse, read as ``verifier``."""

from collections.abc import Iterator, Sequence

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from clickhouse.reconciliation.canonical import Block, raw_query
from clickhouse.reconciliation.comparison import Difference
from dataflix.clickhouse_client import ClickHouseUser, refusal
from dataflix.contracts import Table
from dataflix.errors import ContractViolation
from dataflix.settings import Settings

UNKNOWN_IDENTIFIER, UNKNOWN_TABLE, UNKNOWN_DATABASE = 47, 60, 81
_ROWS_A_PART = 100  # they travel in the address of the request
_SETTINGS = {
    # small blocks: what stands in memory here is one of them
    "max_block_size": 8_192,
    # 4.50 and 4.5 are the same number: neither side writes the zero
    "output_format_decimal_trailing_zeros": 0,
    "bool_true_representation": "true",
    "bool_false_representation": "false",
    "date_time_output_format": "simple",
}


def raw_rows(
    settings: Settings, client: Client, table: Table, differences: Sequence[Difference] | None = None
) -> Iterator[Block]:
    """Stream the canonical rows of the raw table, as it is now, or those that have differed.

    Raises SourceUnavailable, and ContractViolation when the table is not what the contract describes.
    """
    if differences is None:
        yield from _rows(settings, client, table, raw_query(table), [])
        return
    types = [column.type.clickhouse for column in table.key_columns]
    columns = ", ".join(f"`{name}`" for name in table.key)
    # a tuple of one column would not be found by the index
    one = len(types) == 1
    type_ = types[0] if one else f"Tuple({', '.join(types)})"
    query = raw_query(table, f"({columns}) IN {{keys:Array({type_})}}")
    # in the order of the key, part after part
    for start in range(0, len(differences), _ROWS_A_PART):
        part = differences[start : start + _ROWS_A_PART]
        keys = [tuple(row.key[name] for name in table.key) for row in part]
        yield from _rows(settings, client, table, query, [key[0] for key in keys] if one else keys)


def _rows(
    settings: Settings, client: Client, table: Table, query: str, keys: Sequence[int | str | tuple[int | str, ...]]
) -> Iterator[Block]:
    try:
        with client.query_row_block_stream(query, parameters={"keys": keys}, settings=_SETTINGS) as blocks:
            yield from blocks
    except DatabaseError as error:
        if error.code in (UNKNOWN_IDENTIFIER, UNKNOWN_TABLE, UNKNOWN_DATABASE):
            raise ContractViolation(
                f"ClickHouse at {settings.clickhouse} has no raw.{table.name} as the contract describes it: "
                "run `python -m clickhouse apply`."
            ) from None
        raise refusal(settings, ClickHouseUser.VERIFIER, error) from None
