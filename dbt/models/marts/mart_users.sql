{{ config(alias='users', order_by='user_id') }}

-- depends_on: {{ ref('int_user_movie_cells') }}
{% set goes_on = goes_on() %}

with

{% if goes_on %}
-- Whose cells came in batches that this table has not seen, and who came after their cells.
affected as (

    select user_id
    from {{ ref('int_user_movie_cells') }}
    where batch > (select max(batch) from {{ this }})

    union distinct

    select user_id
    from {{ ref('stg_users') }}
    where user_id not in (select user_id from {{ this }})

),
{% endif %}

activity as (

    select
        user_id,
        countIf(rating is not null) as ratings,
        avgOrNull(toFloat64(rating)) as mean_rating,
        countIf(liked) as likes,
        countIf(watched) as watched,
        toNullable(max(last_event_at)) as last_event_at
    from {{ ref('mart_user_movie_matrix') }}
    {% if goes_on %}
    where user_id in (select user_id from affected)
    {% endif %}
    group by user_id
    {% if goes_on %}

    union all

    select
        user_id,
        ratings,
        mean_rating,
        likes,
        watched,
        last_event_at
    from {{ this }}
    where user_id not in (select user_id from affected)
    {% endif %}

)

select
    users.user_id as user_id,
    users.city as city,
    users.state as state,
    users.country as country,
    users.age as age,
    users.created_at as created_at,
    users.updated_at as updated_at,
    activity.ratings as ratings,
    activity.mean_rating as mean_rating,
    activity.likes as likes,
    activity.watched as watched,
    activity.last_event_at as last_event_at,
    assumeNotNull((select max(batch) from {{ ref('int_user_movie_batches') }})) as batch
from {{ ref('stg_users') }} as users
left join activity using (user_id)
