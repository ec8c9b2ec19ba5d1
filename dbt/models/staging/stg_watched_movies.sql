select
    watched_id,
    user_id,
    movie_id,
    watched_at
from {{ source('raw', 'watched_movies') }} {{ final() }}
where _deleted = 0
