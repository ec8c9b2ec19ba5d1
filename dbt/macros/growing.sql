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

{#- Whether the table that is being built stands already, made of batches, so that this run looks at later ones only.
    Not so after an erasure: it takes cells away without a batch. -#}
{% macro goes_on() -%}
    {%- if should_full_refresh() or not stands(this.identifier) -%} {{- return(false) -}} {%- endif -%}
    {%- if 'batch' not in adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set erasures -%}
        select count()
        from system.mutations
        where
            database = '{{ this.schema }}'
            and table = 'user_movie_cells'
            and create_time >= (
                select max(metadata_modification_time) - interval {{ var('longest_insert_minutes') }} minute
                from system.tables
                where database = '{{ this.schema }}' and name = '{{ this.identifier }}'
            )
    {%- endset -%}
    {{- return(run_query(erasures).columns[0].values()[0] == 0) -}}
{%- endmacro %}

{#- The number of this batch. A full refresh counts on: what is built from batches sees that it is a later one. -#}
{% macro next_batch() -%}
    {%- if stands('user_movie_batches') -%}
    assumeNotNull((select max(batch) + 1 from {{ fed('user_movie_batches') }}))
    {%- else -%}
    toUInt64(1)
    {%- endif -%}
{%- endmacro %}

{#- Rows of a raw table that arrived since the last published batch. `_ingested_at` is read when an insert begins, so a
    slow insert shows rows that are older than what was seen before: the window reaches back by more than an insert
    lasts. What is looked at twice comes out the same. -#}
{% macro arrived() -%}
    _ingested_at
    > (select max(seen_until) from {{ fed('user_movie_batches') }}) - interval {{ var('longest_insert_minutes') }} minute
{%- endmacro %}

{#- When the newest row arrived that this query sees. -#}
{% macro seen_until() -%}
    greatest(
        assumeNotNull((select max(_ingested_at) from {{ source('raw', 'ratings') }})),
        assumeNotNull((select max(_ingested_at) from {{ source('raw', 'watched_movies') }}))
    )
{%- endmacro %}
