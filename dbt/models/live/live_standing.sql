select
    metric,
    subject as table_name,
    argMax(value, at) as value,
    max(at) as read_at
from {{ source('pipeline', 'readings') }}
where at > now64(3) - interval {{ var('pipeline_minutes') }} minute
group by
    metric,
    subject
