{{ config(alias='user_movie_affected', order_by=['user_id', 'movie_id']) }}

-- depends_on: {{ ref('stg_ratings') }}
-- depends_on: {{ ref('stg_watched_movies') }}
with

{% if adds_a_batch() %}
changed_ratings as (

    select rating_id
    from {{ source('raw', 'ratings') }}
    where {{ arrived() }}

),

changed_watched_movies as (

    select watched_id
    from {{ source('raw', 'watched_movies') }}
    where {{ arrived() }}

),

-- Where a changed row is now, and where it was: a deletion tells nothing but its key.
places as (

    select
        user_id,
        movie_id,
        [rating_id] as rating_ids,
        emptyArrayInt64() as watched_ids
    from {{ ref('stg_ratings') }}
    where rating_id in (select rating_id from changed_ratings)

    union all

    select
        user_id,
        movie_id,
        emptyArrayInt64() as rating_ids,
        [watched_id] as watched_ids
    from {{ ref('stg_watched_movies') }}
    where watched_id in (select watched_id from changed_watched_movies)

    union all

    select
        user_id,
        movie_id,
        rating_ids,
        watched_ids
    from {{ fed('user_movie_cells') }}
    where
        arrayExists(id -> id in (select rating_id from changed_ratings), rating_ids)
        or arrayExists(id -> id in (select watched_id from changed_watched_movies), watched_ids)

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
    {{ seen_until() }} as seen_until
from places
group by user_id, movie_id
