select
    rating_id,
    user_id,
    movie_id,
    rating,
    liked,
    rated_at
from {{ source('raw', 'ratings') }} {{ final() }}
where _deleted = 0
