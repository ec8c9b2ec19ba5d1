"""MovieLens into PostgreSQL: real ratings of real movies, by people who get made-up names."""
