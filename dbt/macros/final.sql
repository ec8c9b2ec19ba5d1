{#- The newest version of each row of a raw table. A macro, because FINAL fits tables only, and dbt's unit tests put
    subqueries in their place: there it is overridden by nothing. -#}
{% macro final() -%}
    final
{%- endmacro %}
