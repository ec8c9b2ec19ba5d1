select
    movie_id,
    title,
    description,
    genre,
    release_year,
    director,
    duration_minutes,
    imdb_rating,
    created_at
from {{ source('raw', 'movies') }} {{ final() }}
where _deleted = 0
