{{ config(alias='user_movie_changes', order_by=['user_id', 'movie_id']) }}

-- depends_on: {{ ref('int_user_movie_affected') }}
{% set adds_a_batch = adds_a_batch() %}

with

{% if adds_a_batch %}
affected as (

    select user_id, movie_id
    from {{ ref('int_user_movie_affected') }}

),

-- The rows that affected cells are made of: those that changed, and those that were there. Superseded versions of a cell
-- may be among these: they make the list longer, and nothing wrong.
known as (

    select rating_ids, watched_ids
    from {{ ref('int_user_movie_affected') }}

    union all

    select rating_ids, watched_ids
    from {{ fed('user_movie_cells') }}
    where (user_id, movie_id) in (select user_id, movie_id from affected)

),
{% endif %}

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
    {% if adds_a_batch %}
    where
        rating_id in (select arrayJoin(rating_ids) from known)
        and (user_id, movie_id) in (
            select
                user_id,
                movie_id
            from affected
        )
    {% endif %}

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
    {% if adds_a_batch %}
    where
        watched_id in (select arrayJoin(watched_ids) from known)
        and (user_id, movie_id) in (
            select
                user_id,
                movie_id
            from affected
        )

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
    from affected
    {% endif %}

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
    {% if adds_a_batch -%}
    assumeNotNull((select max(seen_until) from {{ ref('int_user_movie_affected') }}))
    {%- else -%}
    {{ seen_until() }}
    {%- endif %} as seen_until
from cells
