"""The two charts of a run as SVG, drawn with matplotlib (the extra `load`)."""

import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, LogLocator

_BINS = 60
_WIDTHS = {"p99": 3.4, "p95": 1.8, "p50": 1.4}  # the later ones are thinner, so none is hidden
_NARROW = 0.07  # a phase narrower than this share has no room for its name


COLOURS = {
    "ink": ("#1f2933", "#e4e9ee"),
    "faint": ("#8a94a0", "#77828e"),
    "bars": ("#a9bdce", "#46596b"),
    "p50": ("#0063a8", "#63b3ff"),
    "p95": ("#d08a00", "#f3c14b"),
    "p99": ("#c2301c", "#f0604a"),
}
"""Each colour on a light and on a dark page. Readers with colour blindness can tell the percentiles apart."""

_LIGHT = {name: light for name, (light, _) in COLOURS.items()}

Chart = Callable[[Axes, dict[str, Any]], None]


def draw(chart: Chart, summary: dict[str, Any]) -> str:
    """Return a chart as an SVG element. Its colours are CSS variables named after COLOURS."""
    written = io.StringIO()
    with mpl.rc_context(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": _LIGHT["faint"],
            "axes.grid": True,
            "axes.labelcolor": _LIGHT["ink"],
            "axes.spines.right": False,
            "axes.spines.top": False,
            "grid.alpha": 0.25,
            "grid.color": _LIGHT["faint"],
            "legend.frameon": False,
            "svg.fonttype": "none",
            "svg.hashsalt": "signalbox",
            "text.color": _LIGHT["ink"],
            "xtick.color": _LIGHT["ink"],
            "ytick.color": _LIGHT["ink"],
        }
    ):
        figure = Figure(figsize=(9.6, 3.7), layout="constrained")
        axes = figure.subplots()
        chart(axes, summary)
        axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1.04), borderpad=0, reverse=True)
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    drawing = written.getvalue()
    for name, colour in _LIGHT.items():
        drawing = drawing.replace(colour, f"var(--{name})")
    return drawing[drawing.index("<svg") :]


def draw_timeline(axes: Axes, summary: dict[str, Any]) -> None:
    """Draw the percentiles of each broadcast over the time it was sent, phase by phase."""
    for row in summary["phases"]:
        moments = [moment for moment in summary["timeline"] if moment["phase"] == row["phase"]]
        for name, width in _WIDTHS.items():
            axes.plot(
                [moment["at"] for moment in moments],
                [moment[name] for moment in moments],
                color=_LIGHT[name],
                label=name if row is summary["phases"][0] else None,
                linewidth=width,
                marker="o",
                markersize=width + 1.5,
            )
    _mark_phases(axes, summary["phases"], summary["seconds"])
    axes.set(xlim=(0, summary["seconds"]), xlabel="seconds since the run began", ylabel="latency, ms")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,g}")


def draw_histogram(axes: Axes, summary: dict[str, Any]) -> None:
    """Draw the distribution of latencies. Both axes are logarithmic."""
    values = [max(value, 0.001) for value, _ in summary["histogram"]]
    low, high = values[0] / 1.1, values[-1] * 1.1
    edges = [low * (high / low) ** (place / _BINS) for place in range(_BINS + 1)]
    axes.hist(values, edges, weights=[count for _, count in summary["histogram"]], color=_LIGHT["bars"])
    for name, width in _WIDTHS.items():
        value = summary["total"]["latency_ms"][name]
        axes.axvline(value, color=_LIGHT[name], linewidth=width, label=f"{name} {value:,.1f} ms")
    axes.set(xscale="log", yscale="log", xlim=(low, high), xlabel="latency, ms", ylabel="deliveries")
    axes.set_ylim(bottom=0.7)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(LogFormatter())  # labels appear only where the axis has few others
    axes.yaxis.set_major_formatter("{x:,.0f}")


def _mark_phases(axes: Axes, phases: list[dict[str, Any]], end: float) -> None:
    ends = [*(row["began"] for row in phases[1:]), end]
    top = axes.get_xaxis_transform()
    for row, until in zip(phases, ends, strict=True):
        began = row["began"]
        axes.axvspan(began, began + row["opening_seconds"], color=_LIGHT["faint"], alpha=0.15, linewidth=0)
        axes.axvline(began, color=_LIGHT["faint"], linewidth=1, linestyle=":")
        if until - began > _NARROW * end:
            axes.text(began, 1.01, f" {row['phase']}", transform=top, fontsize="small")
