"""What is kept with a version beside its figures: plots, its card, its data set, the environment that it came from."""
