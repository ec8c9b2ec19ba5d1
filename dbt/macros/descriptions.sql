{#- The descriptions of a model and of its columns, as comments of what was made for it: by one statement, since every
    column that is described is there. What a run only adds to has them. -#}
{% macro clickhouse__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if not is_incremental() -%}
        {%- set comments = ['modify comment ' ~ clickhouse_escape_comment(model.description)] -%}
        {%- for column in model.columns.values() -%}
            {%- do comments.append('comment column `' ~ column.name ~ '` ' ~ clickhouse_escape_comment(column.description)) -%}
        {%- endfor -%}
        {%- do run_query('alter table ' ~ relation ~ ' ' ~ comments | join(', ')) -%}
    {%- endif -%}
{%- endmacro %}
