"""Parts of long lists, by cursor: a page names the id after which the next one begins."""

from collections.abc import Callable

from api.resources.forms import Item, Page, PageQuery
from api.resources.opinions import Opinions, OpinionsQuery


def page(items: list[Item], query: PageQuery, id_of: Callable[[Item], int]) -> Page[Item]:
    """The items as a page. A full one may have a next one; a list that ends on a full page ends with an empty one."""
    return Page(items=items, next=id_of(items[-1]) if len(items) == query.limit else None)


def opinions(items: list[Item], query: OpinionsQuery, id_of: Callable[[Item], int]) -> Opinions[Item]:
    """The items as a page that says what became of the commit token in the query."""
    part = page(items, query.page, id_of)
    return Opinions(items=part.items, next=part.next, fresh=query.fresh)
