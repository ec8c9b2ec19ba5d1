select
    user_id,
    city,
    state,
    country,
    age,
    created_at,
    updated_at
from {{ source('raw', 'users') }} {{ final() }}
where _deleted = 0
