{{ config(alias='users', order_by='user_id') }}

with

activity as (

    select *
    from {{ ref('int_user_movie_totals') }}
    where total_of = 'user'

)

select
    users.user_id as user_id,
    users.city as city,
    users.state as state,
    users.country as country,
    users.age as age,
    users.created_at as created_at,
    users.updated_at as updated_at,
    toUInt64(activity.ratings) as ratings,
    {{ mean('activity.half_stars / 2', 'activity.ratings') }} as mean_rating,
    toUInt64(activity.likes) as likes,
    toUInt64(activity.watched) as watched,
    activity.last_event_at as last_event_at
from {{ ref('stg_users') }} as users
left join activity using (user_id)
