with

movies as (

    select
        arrayFilter(name -> name != '', splitByChar('|', coalesce(genre, ''))) as genres,
        ratings as movie_ratings,
        mean_rating * ratings as stars,
        watched as movie_watched
    from {{ ref('live_movie_ratings') }}

)

select
    arrayJoin(if(empty(genres), ['(none)'], genres)) as genre,
    count() as movies,
    sum(movie_ratings) as ratings,
    sum(stars) / nullIf(sum(movie_ratings), 0) as mean_rating,
    sum(movie_watched) as watched
from movies
group by genre
