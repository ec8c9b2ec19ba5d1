"""Forgetting a person: out of source, raw, marts and masked topics, and a scan that proves it."""
