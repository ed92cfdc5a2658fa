"""A thinned picture as pen paths: pixels to a graph, spurs off, crossings mended, edges joined.

Thinning says where a stroke ran everywhere but at its joints: a corner grows a spur, a thick
crossing falls apart into two forks with a bridge between them, a flat end splits. So the graph is
mended first, and every joint leaves a mark in the path, as wide as the ink is there: what thinning
says within a mark is not to be believed.
"""

import numpy as np
from numpy.typing import NDArray

from datagen.trace_graph import Edge, End, Graph, Points, joined, outward, read_graph, way_out
from datagen.trace_join import chains

SPUR = 0.8  # a spur that sticks out of its joint's disc by less than this many radii is no stroke
POINT = 2.4  # the most of that at the point of a sharp corner
BLOB = 0.6  # the least of that where there is nothing but spurs
SERIF = 0.13  # of the glyph's height: two opposite spurs up to this long at a stem's end
BRIDGE = 0.8  # two joints closer than this share of their radii's sum are one crossing
_SAME = 8.0  # pixels: a loop shorter than this is a block of pixels that thinning left


def trace(skeleton: NDArray[np.bool_], radius: NDArray[np.float32]) -> list[Points]:
    """Turn a skeleton into paths of a pen.

    Args:
        skeleton: bool (h, w), one pixel thick, its border empty.
        radius: float32 (h, w), distance of each pixel from the paper in pixels.

    Returns:
        A path each, float64 (n, 3): x, y, and the radius of a joint at that point or 0. A closed
        path repeats its first point; a dot is a single point.
    """
    height = float(np.ptp(np.flatnonzero(skeleton.any(axis=1)))) + 2.0 * float(radius.max())
    graph = read_graph(skeleton, radius)
    while _prune(graph, SERIF * height):
        _merge(graph)
    _collapse(graph)
    _prune(graph, 0.0)
    _merge(graph)
    return [*chains(graph), *graph.loops]


def _prune(graph: Graph, serif: float) -> bool:
    """Take off the spurs of corners, flat ends and serifs; True where there were any."""
    ends_at = graph.ends_at()
    gone: set[int] = set()
    for node, ends in ends_at.items():
        if len(ends) > 2:
            gone |= _spurs(graph, node, ends_at, serif)
    for number in gone:
        for node in graph.edges.pop(number).ends:
            if len(ends_at[node]) == 1:
                del graph.nodes[node]
    return bool(gone)


def _spurs(graph: Graph, node: int, ends_at: dict[int, list[End]], serif: float) -> set[int]:
    """Return the edges at a node that are no strokes."""
    wide = graph.nodes[node][2]
    spurs = []
    for number, side in ends_at[node]:
        tip = graph.edges[number].ends[1 - side]
        if len(ends_at[tip]) == 1:
            spurs.append((_out(graph.nodes[tip], graph.nodes[node]), number))
    short = {number for out, number in spurs if out < SPUR * wide}
    if len(short) == len(ends_at[node]):
        # Nothing but spurs: a blob. Its longest stays where it is a stroke of sorts.
        longest, number = max(spurs)
        return short - {number} if longest > BLOB * wide else short
    if len(ends_at[node]) == 3 and len(spurs) == 2:
        short |= _serif(graph, node, [number for _, number in spurs], serif)
    if len(ends_at[node]) == 3 and not short and spurs and min(spurs)[0] < POINT * wide:
        short |= _point(graph, node, ends_at[node], min(spurs)[1], serif)
    return short


def _point(graph: Graph, node: int, ends: list[End], spur: int, serif: float) -> set[int]:
    """Return the spur where it is the point of a sharp corner, as below a V."""
    ways = {
        end[0]: way_out(outward(graph.edges[end[0]], end[1]), graph.nodes[node]) for end in ends
    }
    tip = graph.edges[spur].points[[0, -1], :2]
    if len(ways) < 3 or np.hypot(*(tip[0] - tip[1])) > 2.3 * serif:
        return set()
    one, two = (way for number, way in ways.items() if number != spur)
    sharp = float(one @ two) > 0.25 and float(ways[spur] @ (one + two)) < -0.5
    return {spur} if sharp else set()


def _out(tip: Points, joint: Points) -> float:
    """How far the ink round the tip sticks out of the ink round the joint, in pixels."""
    return float(np.hypot(*(tip[:2] - joint[:2])) + tip[2] - joint[2])


def _serif(graph: Graph, node: int, spurs: list[int], longest: float) -> set[int]:
    """Return the spurs where they are the two halves of a serif at the end of a stem."""
    ways = []
    for number in spurs:
        edge = graph.edges[number]
        way = graph.nodes[sum(edge.ends) - node][:2] - graph.nodes[node][:2]
        length = float(np.hypot(*way))
        if length > longest:
            return set()
        ways.append(way / max(length, 1e-6))
    return set(spurs) if float(ways[0] @ ways[1]) < -0.75 else set()


def _merge(graph: Graph) -> None:
    """Join the two edges that meet at a node of two; the joint stays as a mark."""
    while pair := next(
        (ends for ends in graph.ends_at().values() if len(ends) == 2 and ends[0][0] != ends[1][0]),
        None,
    ):
        (one, side), (two, other) = pair
        first, second = graph.edges[one], graph.edges.pop(two)
        joint = graph.nodes.pop(first.ends[side])
        graph.edges[one] = Edge(
            (first.ends[1 - side], second.ends[1 - other]),
            joined(outward(first, side)[::-1], joint, outward(second, other)),
        )


def _collapse(graph: Graph) -> None:
    """Make one crossing of the forks whose discs of ink overlap, and drop what ran between."""
    ends_at = graph.ends_at()
    home = {node: node for node in graph.nodes}
    for edge in graph.edges.values():
        one, two = edge.ends
        if min(len(ends_at[one]), len(ends_at[two])) > 2:
            a, b = graph.nodes[one], graph.nodes[two]
            if np.hypot(*(a[:2] - b[:2])) < BRIDGE * (a[2] + b[2]):
                stay, go = home[one], home[two]
                home = {node: stay if at == go else at for node, at in home.items()}
    forks = {node: graph.nodes[node] for node in graph.nodes}
    for stay in set(home.values()):
        members = np.array([fork for node, fork in forks.items() if home[node] == stay])
        if len(members) > 1:
            # The wider the ink, the nearer to the middle of the crossing.
            weights = members[:, 2] ** 2
            middle = weights @ members[:, :2] / weights.sum()
            apart = np.hypot(*(members[:, :2] - middle).T)
            graph.nodes[stay] = np.append(middle, max(members[:, 2].max(), apart.max()))
    for node, stay in home.items():
        if node != stay:
            del graph.nodes[node]
    for number, edge in list(graph.edges.items()):
        one, two = edge.ends
        edge.ends = home[one], home[two]
        apart = float(np.hypot(*(forks[one][:2] - forks[two][:2])))
        if home[one] == home[two] and _extent(edge.points) < apart + _SAME:
            del graph.edges[number]


def _extent(points: Points) -> float:
    """Length of the way along the points, halved: how far a loop reaches, in pixels."""
    return float(np.hypot(*np.diff(points[:, :2], axis=0).T).sum()) / 2.0
