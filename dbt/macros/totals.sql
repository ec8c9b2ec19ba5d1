{#- Whether the totals that stand need but what the last batch brought: they hold all before it (or it as well), and the
    changes are those of that batch. Otherwise they are counted anew: after a run that broke off, and when a person was
    erased, whose cells are missing from one side of the balance and not from the other. -#}
{% macro adds_to_totals() -%}
    {%- if not stands('user_movie_totals') or should_full_refresh() -%} {{- return(false) -}} {%- endif -%}
    {%- set stands_in_line -%}
        with
            (select max(batch) from {{ fed('user_movie_totals') }}) as counted,
            (select max(batch) from {{ ref('int_user_movie_batches') }}) as published,
            (select argMax(tuple(follows), batch).1 from {{ ref('int_user_movie_batches') }}) as follows
        select
            (select sum(if(total_of = 'user', cells, -cells)) from {{ fed('user_movie_totals') }}) = 0
            and (select max(batch) from {{ ref('int_user_movie_cells') }}) <= published
            and (
                counted = published
                or (counted = follows and (select max(batch) from {{ ref('int_user_movie_changes') }}) = published)
            )
    {%- endset -%}
    {{- return(run_query(stands_in_line).columns[0].values()[0] == 1) -}}
{%- endmacro %}

{#- A sum divided by the number of what was summed; null when that is none. -#}
{% macro mean(total, number) -%}
    if({{ number }} > 0, {{ total }} / {{ number }}, null)
{%- endmacro %}

{#- People or movies of the totals, each with the time of the newest event. -#}
{% macro newest_of(whom) -%}
    (select {{ whom }}_id, last_event_at from {{ fed('user_movie_totals') }} where total_of = '{{ whom }}')
{%- endmacro %}
