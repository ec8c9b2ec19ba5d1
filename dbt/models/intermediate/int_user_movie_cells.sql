{{
    config(
        alias='user_movie_cells',
        materialized='incremental',
        incremental_strategy='append',
        engine='ReplacingMergeTree(batch)',
        order_by=['user_id', 'movie_id'],
        settings={'index_granularity': 1024, 'min_compress_block_size': 8192},
        pre_hook="{% if not stands('user_movie_batches') %}truncate table if exists {{ this }}{% endif %}",
    )
}}

-- A person has some hundred cells: a granule holds a few people, and reading the cells of one reads little else.
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
