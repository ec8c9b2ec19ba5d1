{{ config(alias='user_movie_totals', order_by=['total_of', 'user_id', 'movie_id']) }}

-- depends_on: {{ ref('int_user_movie_batches') }}
-- depends_on: {{ ref('int_user_movie_before') }}
-- depends_on: {{ ref('int_user_movie_cells') }}
-- depends_on: {{ ref('int_user_movie_changes') }}
{% set adds = adds_to_totals() %}
{% set counts = ['cells', 'ratings', 'half_stars', 'likes', 'dislikes', 'watched', 'score_hundredths'] %}
{% set columns = 'total_of, user_id, movie_id, ' ~ counts | join(', ') ~ ', last_event_at' %}
{% set total_of = "if(grouping(user_id) = 0, 'user', 'movie')" %}
{% set both = 'grouping sets ((user_id), (movie_id))' %}

with

{% if adds %}
added as (

    select *
    from {{ ref('int_user_movie_changes') }}
    where batch > (select max(batch) from {{ fed('user_movie_totals') }})

),

replaced as (

    select *
    from {{ ref('int_user_movie_before') }}
    where
        (user_id, movie_id) in (
            select
                user_id,
                movie_id
            from added
        )

),

-- A cell that the batch brings counts from now on, and the one that it replaces no more.
counted as (

    select
        toInt64(1) as sign,
        user_id,
        movie_id,
        rating,
        liked,
        watched,
        interaction_score,
        last_event_at
    from added
    where last_event_at is not null

    union all

    select
        toInt64(-1) as sign,
        user_id,
        movie_id,
        rating,
        liked,
        watched,
        interaction_score,
        last_event_at
    from replaced

),
{% else %}
counted as (

    select
        toInt64(1) as sign,
        user_id,
        movie_id,
        rating,
        liked,
        watched,
        interaction_score,
        last_event_at
    from {{ ref('mart_user_movie_matrix') }}

),
{% endif %}

-- Whole numbers: whatever the order and however often it is added to, no digit differs.
sums as (

    select
        {{ total_of }} as total_of,
        user_id,
        movie_id,
        sum(sign) as cells,
        sumIf(sign, rating is not null) as ratings,
        sumIf(sign * toInt64(assumeNotNull(rating) * 2), rating is not null) as half_stars,
        sumIf(sign, liked) as likes,
        sumIf(sign, not liked) as dislikes,
        sumIf(sign, watched) as watched,
        sum(sign * toInt64(round(interaction_score * 100))) as score_hundredths,
        maxOrNullIf(counted.last_event_at, sign > 0) as last_event_at,
        maxOrNullIf(counted.last_event_at, sign < 0) as lost_at
    from counted
    group by {{ both }}

)

{% if adds %}
, totals as (

    select
        total_of,
        user_id,
        movie_id,
        {% for count in counts -%}
        sum({{ count }}) as {{ count }},
        {% endfor -%}
        max(last_event_at) as newest_at,
        max(lost_at) as newest_lost_at
    from (
        select {{ columns }}, lost_at
        from sums

        union all

        select {{ columns }}, null as lost_at
        from {{ fed('user_movie_totals') }}
    )
    group by total_of, user_id, movie_id
    having cells > 0

),

-- Where the newest event may be the one that was lost, the cells tell which is the newest now. Those of a person are
-- found by key; those of a movie are anywhere.
standing as (

    select
        'user' as total_of,
        user_id,
        toInt64(0) as movie_id,
        max(last_event_at) as last_event_at
    from {{ ref('mart_user_movie_matrix') }}
    where user_id in (select user_id from replaced where (user_id, last_event_at) in {{ newest_of('user') }})
    group by user_id

    union all

    select
        'movie' as total_of,
        toInt64(0) as user_id,
        movie_id,
        max(last_event_at) as last_event_at
    from {{ ref('mart_user_movie_matrix') }}
    where movie_id in (select movie_id from replaced where (movie_id, last_event_at) in {{ newest_of('movie') }})
    group by movie_id

)

select
    total_of,
    user_id,
    movie_id,
    {{ counts | join(', ') }},
    if(newest_lost_at >= newest_at, standing.last_event_at, newest_at) as last_event_at,
    (select max(batch) from {{ ref('int_user_movie_batches') }}) as batch
from totals
left join standing using (total_of, user_id, movie_id)
{{ in_parallel() }}
{% else %}
select
    {{ columns }},
    (select max(batch) from {{ ref('int_user_movie_batches') }}) as batch
from sums
{% endif %}
