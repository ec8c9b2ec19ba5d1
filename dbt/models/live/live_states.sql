select
    country,
    state,
    count() as users
from {{ ref('stg_users') }}
group by country, state
