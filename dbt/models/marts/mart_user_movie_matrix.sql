{{ config(alias='user_movie_matrix', order_by=['user_id', 'movie_id']) }}

with

events as (

    select
        user_id,
        movie_id,
        true as is_rating,
        toNullable(rating) as rating,
        liked,
        rated_at as happened_at,
        rating_id as event_id
    from {{ ref('stg_ratings') }}

    union all

    select
        user_id,
        movie_id,
        false as is_rating,
        null as rating,
        null as liked,
        watched_at as happened_at,
        watched_id as event_id
    from {{ ref('stg_watched_movies') }}

),

-- One row for each person and movie. The source holds at most one rating for them; when it is deleted and given anew,
-- the new one can arrive before the deletion of the old one, and the later one counts.
cells as (

    select
        user_id,
        movie_id,
        argMaxIf(tuple(rating, liked), tuple(happened_at, event_id), is_rating) as latest,
        maxOrNullIf(happened_at, is_rating) as rated_at,
        maxOrNullIf(happened_at, not is_rating) as watched_at,
        max(happened_at) as last_event_at
    from events
    group by user_id, movie_id

)

select
    user_id,
    movie_id,
    latest.1 as rating,
    latest.2 as liked,
    toBool(watched_at is not null) as watched,
    if(
        rating is null,
        {{ var('watched_only_weight') }},
        -- a score has two decimals: 3.5 stars are 2.45, not 2.4499999999999997
        round(0.7 * assumeNotNull(rating) + 0.3 * ifNull(liked, false), 2)
    ) as interaction_score,
    rated_at,
    watched_at,
    last_event_at
from cells
