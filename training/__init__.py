"""From the interactions in ClickHouse to the model that serves; and data sets from outside into PostgreSQL."""
