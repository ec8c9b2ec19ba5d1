{#- Up to when a raw table is known to hold what the source had committed, however quiet the source is. The watcher writes
    down every ten seconds for how long events have been waiting for the worker, and how long ago the connector last
    beat: what it had read of the source until then has been delivered, but for what waits. What cannot be read counts
    as not known. -#}
{% macro held_until(table) -%}
    select max(at - toIntervalMillisecond(toUInt64(1000 * assumeNotNull(behind + beat))))
    from (
        select
            at,
            maxOrNullIf(value, metric = 'dataflix_watcher_worker_lag_seconds') as behind,
            maxOrNullIf(value, metric = 'dataflix_watcher_heartbeat_age_seconds') as beat
        from pipeline.readings
        where
            metric in ('dataflix_watcher_worker_lag_seconds', 'dataflix_watcher_heartbeat_age_seconds')
            and subject in ('', '{{ table }}')
        group by at
    )
    where behind is not null and beat is not null
{%- endmacro %}
