"""The raw side of the comparison: ClickHouse, read as ``verifier``."""

from collections.abc import Iterator

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from clickhouse.reconciliation.canonical import Block, raw_query
from dataflix.clickhouse_client import ClickHouseUser, refusal
from dataflix.contracts import Table
from dataflix.errors import ContractViolation
from dataflix.settings import Settings

UNKNOWN_IDENTIFIER, UNKNOWN_TABLE, UNKNOWN_DATABASE = 47, 60, 81
_SETTINGS = {
    # small blocks: what stands in memory here is one of them
    "max_block_size": 8_192,
    # 4.50 and 4.5 are the same number: neither side writes the zero
    "output_format_decimal_trailing_zeros": 0,
    "bool_true_representation": "true",
    "bool_false_representation": "false",
    "date_time_output_format": "simple",
}


def raw_rows(settings: Settings, client: Client, table: Table) -> Iterator[Block]:
    """Stream the canonical rows of the raw table, as it is now.

    Raises SourceUnavailable, and ContractViolation when the table is not what the contract describes.
    """
    try:
        with client.query_row_block_stream(raw_query(table), settings=_SETTINGS) as blocks:
            yield from blocks
    except DatabaseError as error:
        if error.code in (UNKNOWN_IDENTIFIER, UNKNOWN_TABLE, UNKNOWN_DATABASE):
            raise ContractViolation(
                f"ClickHouse at {settings.clickhouse} has no raw.{table.name} as the contract describes it: "
                "run `python -m clickhouse apply`."
            ) from None
        raise refusal(settings, ClickHouseUser.VERIFIER, error) from None
