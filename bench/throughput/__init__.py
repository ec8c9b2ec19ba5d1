"""How many changes a second pass through Debezium and through the worker, beside the plain consumption of a topic."""
