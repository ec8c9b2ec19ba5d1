"""Masking again under another key: the source is read once more, and what the old key made goes."""
