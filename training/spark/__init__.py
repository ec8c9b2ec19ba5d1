"""The factors of a model by Spark: a program in an environment of its own, which training talks to over a pipe."""
