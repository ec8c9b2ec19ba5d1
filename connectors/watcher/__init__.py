"""The watcher: a service that looks at the stream from outside, says how it stands, and mends what it can."""
