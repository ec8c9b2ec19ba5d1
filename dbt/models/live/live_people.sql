select
    user_id,
    coalesce(state, '(unknown)') as state,
    coalesce(country, '(unknown)') as country
from {{ ref('stg_users') }}
