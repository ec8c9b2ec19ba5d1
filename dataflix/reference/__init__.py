"""What others rely on, rendered from where it is declared: schemas of events, pages of the documentation. Pure."""
