"""The tables in which the pipeline keeps its own history. Made once: what they hold is no business of a contract."""

from dataflix.pipeline_history import DATABASE, MEASUREMENTS, READINGS

READING_DAYS = 7

STATEMENTS = {
    DATABASE: f"CREATE DATABASE IF NOT EXISTS {DATABASE}",
    READINGS: f"""\
CREATE TABLE IF NOT EXISTS {READINGS}
(
    `at` DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    `metric` LowCardinality(String) COMMENT 'What was read, by its name in docs/observability.md',
    `subject` LowCardinality(String) COMMENT 'Of which table, or empty',
    `value` Float64 COMMENT 'In the unit that ends the name of the metric'
)
ENGINE = MergeTree
ORDER BY (metric, subject, at)
TTL toDateTime(at) + INTERVAL {READING_DAYS} DAY
COMMENT 'What the watcher read'""",
    MEASUREMENTS: f"""\
CREATE TABLE IF NOT EXISTS {MEASUREMENTS}
(
    `version` UInt32 COMMENT 'Of the registered model',
    `metric` LowCardinality(String) COMMENT 'As MLflow names it',
    `value` Float64,
    `measured_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'The newest measurement counts'
)
ENGINE = ReplacingMergeTree(measured_at)
ORDER BY (version, metric)
COMMENT 'What was measured on each version of the model'""",
}
"""By what each makes."""
