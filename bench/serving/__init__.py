"""How much the API serves, beside an aiohttp handler that returns a constant: both in the same run."""
