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
from {{ ref('int_user_movie_cells') }} as cells {{ final() }}
-- of the table: its name is also that of the column above, which is never null
where cells.last_event_at is not null
