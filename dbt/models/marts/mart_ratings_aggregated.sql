{{ config(alias='ratings_aggregated', order_by='movie_id') }}

-- depends_on: {{ ref('int_user_movie_cells') }}
{% set goes_on = goes_on() %}

with

{% if goes_on %}
-- Whose cells came in batches that this table has not seen, and who came after their cells.
affected as (

    select movie_id
    from {{ ref('int_user_movie_cells') }}
    where batch > (select max(batch) from {{ this }})

    union distinct

    select movie_id
    from {{ ref('stg_movies') }}
    where movie_id not in (select movie_id from {{ this }})

),
{% endif %}

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
    {% if goes_on %}
    where movie_id in (select movie_id from affected)
    {% endif %}
    group by movie_id
    {% if goes_on %}

    union all

    select
        movie_id,
        users,
        ratings,
        mean_rating,
        likes,
        dislikes,
        watched,
        mean_interaction_score,
        last_event_at
    from {{ this }}
    where movie_id not in (select movie_id from affected)
    {% endif %}

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
    opinions.last_event_at as last_event_at,
    assumeNotNull((select max(batch) from {{ ref('int_user_movie_batches') }})) as batch
from {{ ref('stg_movies') }} as movies
left join opinions using (movie_id)
