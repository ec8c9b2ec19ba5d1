select
    version,
    metric,
    value,
    measured_at
from {{ source('pipeline', 'measurements') }} {{ final() }}
