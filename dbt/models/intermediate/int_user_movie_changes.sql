{{ config(alias='user_movie_changes', order_by=['user_id', 'movie_id']) }}

with

events as (

    select
        user_id,
        movie_id,
        'rating' as kind,
        toNullable(rating) as rating,
        liked,
        toNullable(rated_at) as happened_at,
        rating_id as event_id
    from {{ ref('stg_ratings') }}
    {{ of_affected_cells('rating_id', 'rating_ids') }}

    union all

    select
        user_id,
        movie_id,
        'watched' as kind,
        null as rating,
        null as liked,
        toNullable(watched_at) as happened_at,
        watched_id as event_id
    from {{ ref('stg_watched_movies') }}
    {{ of_affected_cells('watched_id', 'watched_ids') }}

    union all

    -- a cell that lost its last row is empty from now on
    select
        user_id,
        movie_id,
        'nothing' as kind,
        null as rating,
        null as liked,
        null as happened_at,
        0 as event_id
    from {{ ref('int_user_movie_before') }}

),

-- One row for each person and movie. The source holds at most one rating for them; when it is deleted and given anew,
-- the new one can arrive before the deletion of the old one, and the later one counts.
cells as (

    select
        user_id,
        movie_id,
        argMaxIf(tuple(rating, liked), tuple(happened_at, event_id), kind = 'rating') as latest,
        maxOrNullIf(happened_at, kind = 'rating') as rated_at,
        maxOrNullIf(happened_at, kind = 'watched') as watched_at,
        max(happened_at) as last_event_at,
        groupArrayIf(event_id, kind = 'rating') as rating_ids,
        groupArrayIf(event_id, kind = 'watched') as watched_ids
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
        round(0.7 * assumeNotNull(rating) + 0.3 * coalesce(liked, false), 2)
    ) as interaction_score,
    rated_at,
    watched_at,
    last_event_at,
    rating_ids,
    watched_ids,
    now64(6, 'UTC') as batch,
    (select max(follows) from {{ ref('int_user_movie_affected') }}) as follows,
    {% if adds_a_batch() -%}
    assumeNotNull((select max(seen_until) from {{ ref('int_user_movie_affected') }}))
    {%- else -%}
    {{ seen_until() }}
    {%- endif %} as seen_until
from cells
{{ in_parallel() }}
