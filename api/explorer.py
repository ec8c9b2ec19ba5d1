"""Answers from the model in memory beside a person's own list: what is like a movie, what is popular, what goes with a
few ratings, and recommendations of one genre only.
"""

from collections.abc import Collection, Iterable

from api.champion import ChampionWatch
from api.changes import CatalogueMovie
from api.replica import Replica
from api.resources.recommendations import AnonymousRating, PopularMovie, Recommendation, RecommendationList
from dataflix.recommender import Basis, Interaction, interaction_score, recommend


class Explorer:
    """Reads the replica's catalogue and the watch's champion; neither PostgreSQL nor the registry is asked."""

    def __init__(self, replica: Replica, champions: ChampionWatch) -> None:
        self._replica = replica
        self._champions = champions

    def knows_movie(self, movie_id: int) -> bool:
        """Whether the stream has brought this movie."""
        return movie_id in self._replica.movies

    def similar(self, movie_id: int, limit: int) -> RecommendationList:
        """What goes with this movie: what somebody would be recommended who has chosen this one alone."""
        return self._chosen([Interaction(movie_id, interaction_score(5.0), 0)], limit)

    def popular(self, limit: int, genre: str | None) -> list[PopularMovie]:
        """The movies that most people rated or watched, the most popular first."""
        catalogue = self._replica.catalogue
        listed = [
            PopularMovie(
                movie_id=one.movie_id,
                title=movie.title,
                release_year=movie.release_year,
                genre=movie.genre,
                people=catalogue.people(one.movie_id),
            )
            for one in recommend(None, catalogue, [], limit=limit if genre is None else len(catalogue))
            if (movie := self._replica.movies.get(one.movie_id)) and _is_of(movie, genre)
        ]
        return listed[:limit]

    def for_ratings(
        self, ratings: Iterable[AnonymousRating], limit: int, genre: str | None, exclude: Collection[int]
    ) -> RecommendationList:
        """Recommendations for somebody without an account. The newest rating comes last; the last of a movie counts."""
        newest = {one.movie_id: (at, one) for at, one in enumerate(ratings)}
        history = [
            Interaction(movie_id, interaction_score(one.rating, one.liked), at)
            for movie_id, (at, one) in newest.items()
        ]
        return self._chosen(history, limit, genre, exclude)

    def for_user(self, user_id: int, limit: int, genre: str | None, exclude: Collection[int]) -> RecommendationList:
        """What a person is recommended of one genre, or without some movies: their list with the others left out."""
        return self._chosen(self._replica.history(user_id), limit, genre, exclude)

    def _chosen(
        self,
        history: Collection[Interaction],
        limit: int,
        genre: str | None = None,
        exclude: Collection[int] = (),
    ) -> RecommendationList:
        champion, catalogue = self._champions.current, self._replica.catalogue
        asked = limit + len(exclude) if genre is None else len(catalogue)
        chosen = recommend(champion.item_model if champion else None, catalogue, history, limit=asked)
        left_out = frozenset(exclude)
        listed = [
            (one.basis, _listed(one.movie_id, movie, one.score))
            for one in chosen
            if (movie := self._replica.movies.get(one.movie_id))
            and one.movie_id not in left_out
            and _is_of(movie, genre)
        ][:limit]
        return RecommendationList(
            model_version=str(champion.version) if champion else None,
            history=len(history),
            source="model" if any(basis is Basis.TASTE for basis, _ in listed) else "popularity",
            recommendations=[recommendation for _, recommendation in listed],
        )


def _listed(movie_id: int, movie: CatalogueMovie, score: float) -> Recommendation:
    return Recommendation(
        movie_id=movie_id, title=movie.title, release_year=movie.release_year, genre=movie.genre, score=score
    )


def _is_of(movie: CatalogueMovie, genre: str | None) -> bool:
    return genre is None or genre.lower() in (movie.genre or "").lower().split("|")
