{{ config(alias='ratings_aggregated', order_by='movie_id') }}

with

opinions as (

    select *
    from {{ ref('int_user_movie_totals') }}
    where total_of = 'movie'

)

select
    movies.movie_id as movie_id,
    toUInt64(opinions.cells) as users,
    toUInt64(opinions.ratings) as ratings,
    {{ mean('opinions.half_stars / 2', 'opinions.ratings') }} as mean_rating,
    toUInt64(opinions.likes) as likes,
    toUInt64(opinions.dislikes) as dislikes,
    toUInt64(opinions.watched) as watched,
    {{ mean('opinions.score_hundredths / 100', 'opinions.cells') }} as mean_interaction_score,
    opinions.last_event_at as last_event_at
from {{ ref('stg_movies') }} as movies
left join opinions using (movie_id)
