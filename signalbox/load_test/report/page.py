"""The result of a run as one HTML file without scripts, links or fonts."""

from html import escape
from typing import Any

from .charts import COLOURS, Chart, draw, draw_histogram, draw_timeline
from .report import list_cells, list_sentences

_STYLE = """
:root { color-scheme: light dark }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif;
       background: light-dark(#fff, #14191e); color: var(--ink) }
h1 { margin: 0; font-size: 1.6rem } h2 { margin: 2.5rem 0 .5rem; font-size: 1.1rem }
p { margin: .25rem 0 } .verdict { font-weight: 600 } .bad { color: var(--p99) }
figure { margin: 0 } svg { display: block; width: 100%; height: auto }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .35rem .5rem; text-align: right; white-space: nowrap }
tr { border-bottom: 1px solid #8a94a066 }
th:first-child, td:first-child { text-align: left } th { font-weight: 600; font-size: .85rem }
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def make_page(summary: dict[str, Any]) -> str:
    """Return the page of a summary: verdict, table, latency over time, histogram."""
    *notes, verdict = list_sentences(summary)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>Load test of {escape(summary["url"])}</title>
<style>{_STYLE}:root {{ {_colours()} }}</style>
</head>
<body>
<h1>Load test of {escape(summary["url"])}</h1>
<p class="verdict{"" if summary["ok"] else " bad"}">{escape(verdict)}</p>
{_table(*list_cells(summary))}
{"".join(f"<p>{escape(note)}</p>" for note in notes)}
{_charts(summary) if summary["timeline"] else "<p>No broadcast was received: there is nothing to draw.</p>"}
</body>
</html>
"""


def _table(headings: list[str], *rows: list[str]) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return (
        f'<div class="table"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>'
    )


def _charts(summary: dict[str, Any]) -> str:
    return f"""
<h2>Latency over time</h2>
<p>Each point is a broadcast, or several in a row. In the shaded time connections were opened.</p>
{_chart("p50, p95 and p99 of the latency over the seconds of the run", draw_timeline, summary)}
<h2>Distribution of the latency</h2>
<p>How many deliveries took how long. Both axes are logarithmic.</p>
{_chart("number of deliveries by their latency", draw_histogram, summary)}
"""


def _chart(words: str, chart: Chart, summary: dict[str, Any]) -> str:
    return f'<figure aria-label="{words}">{draw(chart, summary)}</figure>'


def _colours() -> str:
    return " ".join(f"--{name}: light-dark({light}, {dark});" for name, (light, dark) in COLOURS.items())
