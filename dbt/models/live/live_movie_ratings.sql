with

opinions as (

    select
        movie_id,
        count() as ratings,
        avg(toFloat64(rating)) as mean_rating,
        countIf(liked) as likes,
        toNullable(max(rated_at)) as last_rated_at
    from {{ ref('stg_ratings') }}
    group by movie_id

),

audiences as (

    select
        movie_id,
        uniqExact(user_id) as watched
    from {{ ref('stg_watched_movies') }}
    group by movie_id

)

select
    movies.movie_id as movie_id,
    movies.title as title,
    movies.genre as genre,
    movies.release_year as release_year,
    opinions.ratings as ratings,
    if(opinions.ratings = 0, null, opinions.mean_rating) as mean_rating,
    opinions.likes as likes,
    audiences.watched as watched,
    opinions.last_rated_at as last_rated_at
from {{ ref('stg_movies') }} as movies
left join opinions on movies.movie_id = opinions.movie_id
left join audiences on movies.movie_id = audiences.movie_id
