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
