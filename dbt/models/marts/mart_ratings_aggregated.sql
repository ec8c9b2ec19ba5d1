{{ config(alias='ratings_aggregated', order_by='movie_id') }}

with

opinions as (

    select
        movie_id,
        count() as users,
        countIf(rating is not null) as ratings,
        avgOrNull(toFloat64(rating)) as mean_rating,
        countIf(liked) as likes,
        countIf(not liked) as dislikes,
        countIf(watched) as watched,
        toNullable(sum(toInt64(round(interaction_score * 100))) / count() / 100) as mean_interaction_score,
        toNullable(max(last_event_at)) as last_event_at
    from {{ ref('mart_user_movie_matrix') }}
    group by movie_id

)

select
    movies.movie_id as movie_id,
    opinions.users as users,
    opinions.ratings as ratings,
    opinions.mean_rating as mean_rating,
    opinions.likes as likes,
    opinions.dislikes as dislikes,
    opinions.watched as watched,
    opinions.mean_interaction_score as mean_interaction_score,
    opinions.last_event_at as last_event_at
from {{ ref('stg_movies') }} as movies
left join opinions using (movie_id)
