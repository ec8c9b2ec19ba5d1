with

movies as (

    select
        arrayJoin({{ genres('genre') }}) as genre,
        ratings as movie_ratings,
        mean_rating * ratings as stars,
        watched as movie_watched
    from {{ ref('live_movie_ratings') }}

)

select
    genre,
    count() as movies,
    sum(movie_ratings) as ratings,
    sum(stars) / nullIf(sum(movie_ratings), 0) as mean_rating,
    sum(movie_watched) as watched
from movies
group by genre
