"""The search for better choices, inside the training part: what a version is measured on is never looked at."""
