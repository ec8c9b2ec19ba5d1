select
    movie_id,
    title,
    arrayJoin({{ genres('genre') }}) as genre,
    release_year
from {{ ref('stg_movies') }}
