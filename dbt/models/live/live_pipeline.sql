{% set tables = ['users', 'movies', 'watched_movies', 'ratings'] %}

with

changes as (

    {% for table in tables %}
    select
        '{{ table }}' as table_name,
        _op,
        _committed_at,
        _ingested_at
    from {{ source('raw', table) }}
    where _ingested_at > now64(6) - interval {{ var('pipeline_minutes') }} minute
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

)

select
    toStartOfInterval(_ingested_at, interval 10 second) as arrived_at,
    table_name,
    _op as operation,
    count() as changes,
    count() / 10 as changes_per_second,
    medianExact(dateDiff('millisecond', _committed_at, _ingested_at)) as median_lag_ms,
    max(dateDiff('millisecond', _committed_at, _ingested_at)) as largest_lag_ms
from changes
group by
    arrived_at,
    table_name,
    operation
