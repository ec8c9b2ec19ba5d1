with

events as (

    select
        'rating' as kind,
        rating_id as event_id,
        user_id,
        movie_id,
        toNullable(toFloat64(rating)) as rating,
        liked,
        rated_at as happened_at
    from {{ ref('stg_ratings') }}

    union all

    select
        'viewing' as kind,
        watched_id as event_id,
        user_id,
        movie_id,
        null as rating,
        null as liked,
        watched_at as happened_at
    from {{ ref('stg_watched_movies') }}

)

select
    events.kind as kind,
    events.event_id as event_id,
    events.user_id as user_id,
    coalesce(users.state, '(unknown)') as state,
    coalesce(users.country, '(unknown)') as country,
    events.movie_id as movie_id,
    movies.title as title,
    arrayJoin({{ genres('movies.genre') }}) as genre,
    events.rating as rating,
    events.liked as liked,
    events.happened_at as happened_at
from events
inner join {{ ref('stg_users') }} as users on events.user_id = users.user_id
inner join {{ ref('stg_movies') }} as movies on events.movie_id = movies.movie_id
