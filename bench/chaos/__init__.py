"""Random kills of services under load, and the proof that no acknowledged change was lost, doubled or altered."""
