{{ config(alias='movies', order_by='movie_id') }}

select
    movie_id,
    title,
    description,
    genre,
    arrayFilter(name -> name != '', splitByChar('|', coalesce(genre, ''))) as genres,
    release_year,
    director,
    duration_minutes,
    imdb_rating,
    created_at
from {{ ref('stg_movies') }}
