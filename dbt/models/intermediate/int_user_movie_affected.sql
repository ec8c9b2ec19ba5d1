{{ config(alias='user_movie_affected', order_by=['user_id', 'movie_id']) }}

-- depends_on: {{ ref('stg_ratings') }}
-- depends_on: {{ ref('stg_watched_movies') }}
with

{% if adds_a_batch() %}
changed_ratings as (

    select
        user_id,
        movie_id,
        rating_id,
        _deleted
    from {{ source('raw', 'ratings') }}
    where {{ arrived() }}

),

changed_watched_movies as (

    select
        user_id,
        movie_id,
        watched_id,
        _deleted
    from {{ source('raw', 'watched_movies') }}
    where {{ arrived() }}

),

places as (

    -- Where a changed row says to be. It may be superseded: then one cell more is computed, and comes out as it was.
    select
        user_id,
        movie_id,
        [rating_id] as rating_ids,
        emptyArrayInt64() as watched_ids
    from changed_ratings
    where _deleted = 0

    union all

    select
        user_id,
        movie_id,
        emptyArrayInt64() as rating_ids,
        [watched_id] as watched_ids
    from changed_watched_movies
    where _deleted = 0

    union all

    -- Where it was: a deletion tells nothing but its key.
    select
        user_id,
        movie_id,
        emptyArrayInt64() as rating_ids,
        emptyArrayInt64() as watched_ids
    from {{ fed('user_movie_cells') }} as cells
    where
        arrayExists(id -> id in (select rating_id from changed_ratings), cells.rating_ids)
        or arrayExists(id -> id in (select watched_id from changed_watched_movies), cells.watched_ids)

)
{% else %}
-- All of them: the full build does not ask which.
places as (

    select
        user_id,
        movie_id,
        emptyArrayInt64() as rating_ids,
        emptyArrayInt64() as watched_ids
    from {{ ref('stg_ratings') }}
    where false

)
{% endif %}

select
    user_id,
    movie_id,
    groupUniqArrayArray(rating_ids) as rating_ids,
    groupUniqArrayArray(watched_ids) as watched_ids,
    {{ published_last() }} as follows,
    {{ seen_until() }} as seen_until
from places
group by user_id, movie_id
{{ in_parallel() }}
