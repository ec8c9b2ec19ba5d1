{#- The relation of a model that the calling one feeds and reads as well: what earlier runs have published. `ref` would
    be a circle. -#}
{% macro fed(name) -%}
    {{- return(api.Relation.create(schema=target.schema, identifier=name)) -}}
{%- endmacro %}

{% macro stands(name) -%}
    {%- if not execute -%} {{- return(false) -}} {%- endif -%}
    {%- set existing = adapter.get_relation(database=none, schema=target.schema, identifier=name) -%}
    {{- return(existing is not none and existing.type == 'table') -}}
{%- endmacro %}

{#- Whether this run of the matrix adds to what earlier ones have published, instead of starting anew. -#}
{% macro adds_a_batch() -%}
    {{- return(
        stands('user_movie_batches') and stands('user_movie_cells') and not should_full_refresh()
    ) -}}
{%- endmacro %}

{#- Up to when whatever arrived is to be seen by the statement that follows: `_ingested_at` is the time at which an insert
    began, and its rows are to be seen when it ends. So: until now, or until the oldest running insert began; less a
    second, in which the server's clock may be put right. -#}
{% macro seen_until() -%}
    {%- if not execute -%} {{- return('null') -}} {%- endif -%}
    {%- set began -%}
        select toString(now64(6, 'UTC') - toIntervalMicrosecond(toUInt64(1e6 * max(elapsed))) - interval 1 second)
        from system.processes
        where query_kind = 'Insert'
    {%- endset -%}
    {{- return("toDateTime64('" ~ run_query(began).columns[0].values()[0] ~ "', 6, 'UTC')") -}}
{%- endmacro %}

{#- Rows of a raw table that the last published batch may not have seen. -#}
{% macro arrived() -%}
    _ingested_at >= (select max(seen_until) from {{ fed('user_movie_batches') }})
{%- endmacro %}

{#- The batch that was published last: what a run finds, and what its differences are to. Null in a full refresh, and when
    cells of a later batch stand, which a run that broke off has left. -#}
{% macro published_last() -%}
    {%- if adds_a_batch() -%}
    (
        select if(max(batch) >= (select max(batch) from {{ fed('user_movie_cells') }}), toNullable(max(batch)), null)
        from {{ fed('user_movie_batches') }}
    )
    {%- else -%}
    cast(null as Nullable(DateTime64(6, 'UTC')))
    {%- endif -%}
{%- endmacro %}

{#- Of the newest rows, those that affected cells may be made of: what arrived, and what the cells were made of before. All
    rows in a full refresh. -#}
{% macro of_affected_cells(id, ids) -%}
    {%- if adds_a_batch() -%}
    where
        {{ id }} in (
            select arrayJoin({{ ids }}) from {{ ref('int_user_movie_affected') }}
            union all
            select arrayJoin({{ ids }}) from {{ ref('int_user_movie_before') }}
        )
        and (user_id, movie_id) in (select user_id, movie_id from {{ ref('int_user_movie_affected') }})
    {%- endif -%}
{%- endmacro %}

{#- With the threads of the profile. A server of little memory gives a query one, which suits a full build, whose memory
    grows with its threads; what a batch computes is small. -#}
{% macro in_parallel() -%}
    {%- if adds_a_batch() -%} settings max_threads_min_free_memory_per_thread = 0 {%- endif -%}
{%- endmacro %}
