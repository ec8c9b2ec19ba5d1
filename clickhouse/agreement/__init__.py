"""Whether contracts, source, topics and raw tables agree."""
