{# The genres of a movie out of "Drama|Comedy", as an array; (none) stands for a movie without any. #}
{% macro genres(column) -%}
    if(
        empty(arrayFilter(name -> name != '', splitByChar('|', coalesce({{ column }}, '')))),
        ['(none)'],
        arrayFilter(name -> name != '', splitByChar('|', coalesce({{ column }}, '')))
    )
{%- endmacro %}
