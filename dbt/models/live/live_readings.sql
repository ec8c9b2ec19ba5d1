select
    at,
    metric,
    subject as table_name,
    value
from {{ source('pipeline', 'readings') }}
where at > now64(3) - interval {{ var('pipeline_minutes') }} minute
