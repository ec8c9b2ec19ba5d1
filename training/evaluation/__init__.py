"""Measuring recommenders on what people did next: every unseen item ranked, nobody dropped, intervals on everything."""
