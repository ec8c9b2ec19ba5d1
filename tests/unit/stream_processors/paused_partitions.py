"""Partitions that remember which of them are paused."""

from stream_processors.processing import Processing


class PausedPartitions:
    def __init__(self) -> None:
        self.paused: set[tuple[str, int]] = set()

    def pause(self, topic: str, partition: int) -> None:
        self.paused.add((topic, partition))

    def resume(self, topic: str) -> None:
        self.paused = {place for place in self.paused if place[0] != topic}

    async def asked(self, processing: Processing) -> None:
        """The structure has been read once, as before the first event of a worker."""
        await processing.ask_for_the_structure()
