{{ config(alias='user_movie_batches', materialized='incremental', incremental_strategy='append', order_by='batch') }}

-- A batch counts once its cells are in place. depends_on: {{ ref('int_user_movie_cells') }}
select distinct
    batch,
    follows,
    seen_until
from {{ ref('int_user_movie_changes') }}
