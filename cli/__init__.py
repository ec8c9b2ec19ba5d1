"""The shell: Dataflix in a terminal. A client of the REST API and its event stream, and of nothing else."""
