"""The skeleton of a glyph as a graph: its nodes, and the runs of pixels between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
End = tuple[int, int]  # an edge, and 0 for its first point or 1 for its last

_STEPS = np.array([[-1, 0], [0, 1], [1, 0], [0, -1], [-1, 1], [1, 1], [1, -1], [-1, -1]])


@dataclass(slots=True)
class Edge:
    """A run of the skeleton between two nodes.

    Attributes:
        ends: The node at its first point and the one at its last.
        points: float64 (n, 3): x, y in pixels, and the radius of the joint there; 0 where none is.
    """

    ends: tuple[int, int]
    points: Points


@dataclass(slots=True)
class Graph:
    """The skeleton of a glyph.

    Attributes:
        nodes: x, y and the radius of the ink of each node; one without edges is a dot.
        edges: What runs between them.
        loops: Closed runs that meet no node; their first point is repeated.
    """

    nodes: dict[int, Points]
    edges: dict[int, Edge]
    loops: list[Points]

    def ends_at(self) -> dict[int, list[End]]:
        """Return the (edge, side) that end at each node."""
        found: dict[int, list[End]] = {node: [] for node in self.nodes}
        for number, edge in self.edges.items():
            for side in (0, 1):
                found[edge.ends[side]].append((number, side))
        return found


def read_graph(skeleton: NDArray[np.bool_], radius: NDArray[np.float32]) -> Graph:
    """Read the graph off the pixels; a diagonal step counts only where no straight one leads.

    Args:
        skeleton: bool (h, w), one pixel thick, its border empty.
        radius: float32 (h, w), distance of each pixel from the paper in pixels.
    """
    columns = skeleton.shape[1]
    flat = skeleton.ravel()
    pixels = np.flatnonzero(flat)
    steps = _STEPS @ np.array([columns, 1])
    near = flat[pixels[:, None] + steps]  # north, east, south, west, then the diagonals between
    straight = near[:, :4]
    near[:, 4:] &= ~(straight | np.roll(straight, -1, axis=1))
    number = np.zeros(flat.shape, np.int64)
    number[pixels] = np.arange(len(pixels))
    rows, ways = np.nonzero(near)
    degree = near.sum(axis=1)
    links = number[pixels[rows] + steps[ways]].tolist()
    stops = np.cumsum(degree).tolist()
    linked = [links[a:b] for a, b in zip([0, *stops], stops, strict=False)]
    runs, rings = _runs(linked)
    y, x = np.divmod(pixels, columns)
    places = np.stack([x, y, np.zeros(len(x))], axis=1).astype(np.float64)
    corners = np.flatnonzero(degree != 2)
    place = {int(pixel): node for node, pixel in enumerate(corners)}
    nodes = {
        node: np.array([x[p], y[p], radius[y[p], x[p]]], np.float64) for p, node in place.items()
    }
    edges = [Edge((place[run[0]], place[run[-1]]), places[run]) for run in runs]
    return Graph(nodes, dict(enumerate(edges)), [places[ring] for ring in rings])


def _runs(linked: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """Walk from node to node, then round the rings that have none."""
    runs, rings = [], []
    seen = [False] * len(linked)
    for start, links in enumerate(linked):
        if len(links) == 2:
            continue
        for second in links:
            if seen[second] or (len(linked[second]) != 2 and second < start):
                continue
            run = _walk(linked, start, second)
            for pixel in run[1:-1]:
                seen[pixel] = True
            runs.append(run)
    for start, links in enumerate(linked):
        if len(links) == 2 and not seen[start]:
            ring = _walk(linked, start, links[0])
            for pixel in ring:
                seen[pixel] = True
            rings.append(ring)
    return runs, rings


def _walk(linked: list[list[int]], start: int, second: int) -> list[int]:
    run = [start, second]
    while len(links := linked[run[-1]]) == 2 and run[-1] != start:
        run.append(links[0] if links[0] != run[-2] else links[1])
    return run


def outward(edge: Edge, side: int) -> Points:
    """Return the points of an edge as they lead away from one of its ends."""
    return edge.points if side == 0 else edge.points[::-1]


def joined(head: Points, joint: Points, tail: Points) -> Points:
    """Return two runs as one, with a joint in the place of the points where they meet."""
    return np.concatenate([head[:-1], joint[None], tail[1:]])


def way_out(points: Points, joint: Points) -> Points:
    """Unit vector along which an edge leaves a joint, looked at beyond the joint's disc."""
    apart = np.hypot(*(points[:, :2] - joint[:2]).T)
    reach = max(float(joint[2]), 1.0)
    near = min(int(np.argmax(apart >= min(reach, 0.5 * apart.max()))), len(points) - 1)
    far = int(np.argmax(apart >= min(2.5 * reach + 3.0, float(apart.max()))))
    way = points[max(far, near), :2] - points[near, :2]
    if not way.any():
        way = points[-1, :2] - joint[:2]
    return np.asarray(way / max(float(np.hypot(*way)), 1e-6))
