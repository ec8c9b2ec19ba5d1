"""Is raw the source? Both sides as canonical rows in the order of the key, merged and compared by value."""
