select
    (select count() from {{ ref('stg_users') }}) as users,
    (select count() from {{ ref('stg_movies') }}) as movies,
    (select count() from {{ ref('stg_ratings') }}) as ratings,
    (select avgOrNull(toFloat64(rating)) from {{ ref('stg_ratings') }}) as mean_rating,
    (select count() from {{ ref('stg_watched_movies') }}) as watched
