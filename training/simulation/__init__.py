"""A crowd of made-up people who browse, watch and rate: what happens is decided without a server, and then done."""
