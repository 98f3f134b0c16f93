"""A little chart as SVG paths; numbers are written for SVG, never for a language."""

from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 84.0, 22.0, 2.0


def paths(values: Sequence[int]) -> tuple[str, str]:
    """The path of the line and of the area under it, in a box of 84 × 22."""
    top = max(values, default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    room = HEIGHT - 2 * MARGIN
    points = [(index * step, MARGIN + room * (1 - value / top)) for index, value in enumerate(values)]
    if not points:
        return "", ""
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return line, f"{line}L{WIDTH:.1f} {HEIGHT:.1f}L0 {HEIGHT:.1f}Z"
