{{ config(alias='user_movie_matrix', materialized='view') }}

-- depends_on: {{ ref('int_user_movie_batches') }}
select
    user_id,
    movie_id,
    rating,
    liked,
    watched,
    interaction_score,
    rated_at,
    watched_at,
    assumeNotNull(last_event_at) as last_event_at
from {{ ref('int_user_movie_cells') }} {{ final() }}
where not is_empty
