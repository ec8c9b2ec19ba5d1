with

active_users as (

    select user_id
    from {{ ref('stg_ratings') }}
    group by user_id
    order by count() desc, user_id
    limit {{ var('top_matrix_size') }}

),

rated_movies as (

    select movie_id
    from {{ ref('stg_ratings') }}
    group by movie_id
    order by count() desc, movie_id
    limit {{ var('top_matrix_size') }}

)

select
    ratings.user_id as user_id,
    'User ' || toString(ratings.user_id) as person,
    coalesce(users.state, '(unknown)') as state,
    ratings.movie_id as movie_id,
    movies.title as title,
    if(lengthUTF8(movies.title) > 24, concat(leftUTF8(movies.title, 23), '…'), movies.title) as movie,
    arrayJoin({{ genres('movies.genre') }}) as genre,
    toFloat64(ratings.rating) as rating,
    ratings.rated_at as rated_at
from {{ ref('stg_ratings') }} as ratings
inner join {{ ref('stg_users') }} as users on ratings.user_id = users.user_id
inner join {{ ref('stg_movies') }} as movies on ratings.movie_id = movies.movie_id
where
    ratings.user_id in (select user_id from active_users)
    and ratings.movie_id in (select movie_id from rated_movies)
