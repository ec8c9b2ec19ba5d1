{{ config(alias='user_movie_before', order_by=['user_id', 'movie_id']) }}

-- depends_on: {{ ref('int_user_movie_affected') }}
-- depends_on: {{ ref('stg_ratings') }}
{% if adds_a_batch() %}
select
    user_id,
    movie_id,
    rating,
    liked,
    watched,
    interaction_score,
    last_event_at,
    rating_ids,
    watched_ids
from {{ fed('user_movie_cells') }} {{ final() }}
where
    (user_id, movie_id) in (
        select
            user_id,
            movie_id
        from {{ ref('int_user_movie_affected') }}
    )
    and last_event_at is not null
{{ in_parallel() }}
{% else %}
select
    user_id,
    movie_id,
    rating,
    liked,
    false as watched,
    0.0 as interaction_score,
    rated_at as last_event_at,
    emptyArrayInt64() as rating_ids,
    emptyArrayInt64() as watched_ids
from {{ ref('stg_ratings') }}
where false
{% endif %}
