"""When the API says that it knows all, and how old its knowledge is."""

from api.progress import Progress

USERS, RATINGS = ("masked.users", 0), ("masked.ratings", 0)
TOPICS = frozenset({USERS[0], RATINGS[0]})


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_not_caught_up_while_a_topic_is_missing() -> None:
    progress = Progress(TOPICS, Clock())
    progress.began(USERS, 0)
    before = progress.caught_up
    progress.began(RATINGS, 0)
    assert (before, progress.caught_up) == (False, True)


def test_caught_up_once_every_partition_has_reached_the_end_it_had() -> None:
    progress = Progress(TOPICS, Clock())
    progress.began(USERS, 3)
    progress.began(RATINGS, 5)
    progress.reached(USERS, 3)
    before = progress.caught_up, progress.lag
    progress.reached(RATINGS, 5)
    assert before == (False, 5)
    assert (progress.caught_up, progress.lag) == (True, 0)


def test_what_is_written_meanwhile_does_not_move_the_goal() -> None:
    progress = Progress(TOPICS, Clock())
    progress.began(USERS, 0)
    progress.began(RATINGS, 5)
    progress.saw_end(RATINGS, 9)
    progress.reached(RATINGS, 5)
    assert progress.caught_up
    assert progress.lag == 4


def test_a_partition_that_is_added_later_does_not_take_readiness_away() -> None:
    progress = Progress(TOPICS, Clock())
    progress.began(USERS, 0)
    progress.began(RATINGS, 0)
    progress.began(("masked.ratings", 1), 7)
    assert progress.caught_up
    assert progress.lag == 7


def test_silence_is_measured_from_the_last_answer_of_the_broker() -> None:
    clock = Clock()
    progress = Progress(TOPICS, clock)
    assert progress.silence is None
    progress.heard()
    clock.now = 4.0
    assert progress.silence == 4.0
