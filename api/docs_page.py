"""``/docs``: the OpenAPI document as a page for people. Plain HTML without scripts; nothing comes from elsewhere."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from html import escape
from typing import Any

from aiohttp import web

Json = dict[str, Any]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
body { color: #1d2330; background: #fff; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #d5d9e2; text-transform: capitalize; }
details { margin: .4rem 0; border: 1px solid #d5d9e2; border-radius: .4rem; padding: .4rem .8rem; }
summary { cursor: pointer; }
code { font: .9em ui-monospace, monospace; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600; }
table { border-collapse: collapse; margin: .5rem 0; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #eceef3; }
@media (prefers-color-scheme: dark) {
  body { color: #e4e7ee; background: #14171d; }
  h2, details, th, td { border-color: #353b47; }
  a { color: #8ab4ff; }
}
"""
# The page has a style of its own and nothing else.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}


def serve_page(document: Json) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that answers with the page of this document, rendered once."""
    rendered = page(document).encode()

    async def read_docs(_request: web.Request) -> web.Response:
        return web.Response(body=rendered, content_type="text/html", charset="utf-8", headers=HEADERS)

    return read_docs


def page(document: Json) -> str:
    """The whole page."""
    return "\n".join(_page(document))


def _page(document: Json) -> Iterator[str]:
    info = document["info"]
    title = escape(info["title"])
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
    yield f'<p>{escape(info["summary"])}. The same for programs: <a href="/openapi.json">openapi.json</a>.</p>'
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    for tag, operations in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>"
        yield from operations
    yield "<h2>Bodies</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield (
            f'<details id="{escape(name)}"><summary><code>{escape(name)}</code> '
            f"{escape(schema.get('description', ''))}</summary>{_fields(schema)}</details>"
        )
    yield "</body></html>"


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [
        f'<details><summary><code class="method">{escape(method.upper())}</code> <code>{escape(path)}</code> '
        f"{escape(operation['summary'])}</summary>"
    ]
    if "description" in operation:
        parts.append(f"<p>{escape(operation['description'])}</p>")
    rows = [
        (one["name"], f"{one['in']}{', required' if one['required'] else ''}", _type(one["schema"]), one["schema"])
        for one in operation.get("parameters", ())
    ]
    if rows:
        told = [(f"<code>{escape(name)}</code>", place, kind, _told(schema)) for name, place, kind, schema in rows]
        parts.append(_table(("parameter", "in", "type", "meaning"), told))
    if body := operation.get("requestBody"):
        parts.append("<p>Takes " + ", ".join(_type(one["schema"]) for one in body["content"].values()) + ".</p>")
    answers = [
        (status, escape(answer["description"]), ", ".join(_type(one["schema"]) for one in _contents(answer)))
        for status, answer in operation["responses"].items()
    ]
    parts.append(_table(("answer", "", "body"), answers))
    return "".join(parts) + "</details>"


def _contents(answer: Json) -> list[Json]:
    return list(answer.get("content", {}).values())


def _fields(schema: Json) -> str:
    rows = [
        (f"<code>{escape(name)}</code>", _type(rule), _told(rule))
        for name, rule in schema.get("properties", {}).items()
    ]
    return _table(("field", "type", "meaning"), rows) if rows else f"<p>{_type(schema)}</p>"


def _told(rule: Json) -> str:
    default = f" Default: {escape(str(rule['default']))}." if rule.get("default") is not None else ""
    return escape(str(rule.get("description", ""))) + default


def _type(rule: Json) -> str:
    """The type in words, with a link to what is described elsewhere."""
    if "$ref" in rule:
        name = escape(rule["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in rule:
        return " or ".join(_type(one) for one in rule["anyOf"])
    if "enum" in rule or "const" in rule:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in rule.get("enum", [rule.get("const")]))
    if rule.get("type") == "array":
        return f"list of {_type(rule.get('items', {}))}"
    limits = [f"{word} {rule[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in rule]
    return " ".join([escape(str(rule.get("format", rule.get("type", "anything")))), *limits])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already."""
    heads = "".join(f"<th>{name}</th>" for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{heads}</tr>{lines}</table>"
