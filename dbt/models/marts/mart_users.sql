{{ config(alias='users', order_by='user_id') }}

with

activity as (

    select
        user_id,
        countIf(rating is not null) as ratings,
        avgOrNull(toFloat64(rating)) as mean_rating,
        countIf(liked) as likes,
        countIf(watched) as watched,
        toNullable(max(last_event_at)) as last_event_at
    from {{ ref('mart_user_movie_matrix') }}
    group by user_id

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
    activity.last_event_at as last_event_at
from {{ ref('stg_users') }} as users
left join activity using (user_id)
