"""An API's description as one self-contained page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.token import Token

from .api_markdown import METHODS, markdown

_METHOD = re.compile(rf"({'|'.join(METHODS)}) ", re.I)
_DEEPEST = 3  # of the headings in the list of contents

_PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; --line: #8885; --soft: #8881;
  --link: light-dark(#0550ae, #79c0ff); }
* { box-sizing: border-box; }
body { font: 15px/1.55 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; padding: 1rem 1.2rem 4rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin-top: 2rem; overflow-wrap: anywhere; }
a { color: var(--link); }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
code { background: var(--soft); overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--soft); padding: .8rem; }
pre code { background: none; }
nav { padding: 1rem 1.2rem; font-size: .9rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li.h2 { margin-top: .8rem; font-weight: 600; }
nav a { text-decoration: none; }
.method { font: 600 .8em ui-monospace, monospace; padding: .1rem .4rem; border-radius: .25rem;
  color: #fff; background: #57606a; }
.get { background: #0969da; } .post { background: #1a7f37; } .delete { background: #cf222e; }
.put, .patch { background: #9a6700; }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 17rem 1fr; }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto;
    border-right: 1px solid var(--line); }
}
@media (max-width: 40rem) {
  nav ul { columns: 10rem; }
  main table, main tbody, main tr, main td { display: block; }
  main thead { display: none; }
  main td { border: 0; padding: .1rem 0; }
  main tr { padding: .4rem 0; border-bottom: 1px solid var(--line); }
}
</style>
</head>
<body>
<nav aria-label="Contents">
<ul>
{% for heading in contents %}
{% set method = heading.method %}
<li class="h{{ heading.level }}"><a href="#{{ heading.anchor }}">
{%- if method %}<span class="method {{ method | lower }}">{{ method }}</span> {% endif %}
{{- heading.text }}</a></li>
{% endfor %}
</ul>
</nav>
<main>
{{ body | safe }}
</main>
</body>
</html>
""")


def api_page(document: Mapping[str, Any], origin: str) -> str:
    """Return the description as HTML; `origin` is a sentence of Markdown, as `markdown` takes it.

    Markup in the description is shown, not run.
    """
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = renderer.parse(markdown(document, origin))
    contents = list(_headings(tokens))
    body = renderer.renderer.render(tokens, renderer.options, {})
    return _PAGE.render(title=f"{document['info']['title']} API", contents=contents, body=body)


def _headings(tokens: Sequence[Token]) -> Iterator[dict[str, str | int]]:
    """Give each heading the anchor that GitHub gives it, and yield those of the contents."""
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = inline.content
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        opening.attrSet("id", anchor)
        level = int(opening.tag[1])
        found = _METHOD.match(text)
        if 1 < level <= _DEEPEST:
            yield {
                "level": level,
                "anchor": anchor,
                "method": found[1] if found else "",
                "text": text[found.end() :] if found else text,
            }
