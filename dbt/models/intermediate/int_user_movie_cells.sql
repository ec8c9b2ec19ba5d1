{{
    config(
        alias='user_movie_cells',
        materialized='incremental',
        incremental_strategy='append',
        engine='ReplacingMergeTree(batch)',
        order_by=['user_id', 'movie_id'],
        pre_hook="{% if not stands('user_movie_batches') %}truncate table if exists {{ this }}{% endif %}",
    )
}}

select
    user_id,
    movie_id,
    rating,
    liked,
    watched,
    interaction_score,
    rated_at,
    watched_at,
    last_event_at,
    rating_ids,
    watched_ids,
    batch
from {{ ref('int_user_movie_changes') }}
