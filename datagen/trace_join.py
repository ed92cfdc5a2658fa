"""Edges of a skeleton joined through their crossings into the paths that a pen would take."""

from collections.abc import Iterator

import numpy as np

from datagen.trace_graph import End, Graph, Points, joined, outward, way_out

STRAIGHT = 0.5  # cosine of the turn up to which a stroke runs on through a crossing


def chains(graph: Graph) -> Iterator[Points]:
    """Join edges through their nodes into paths, each as straight as can be.

    Args:
        graph: The skeleton, mended.

    Yields:
        A path each, as `datagen.trace.trace` returns them.
    """
    ends_at = graph.ends_at()
    yield from (graph.nodes[node][None] * [1, 1, 0] for node, ends in ends_at.items() if not ends)
    partner: dict[End, End] = {}
    for node, ends in ends_at.items():
        for one, two in _pairs(graph, node, ends):
            partner[one], partner[two] = two, one
    left = set(graph.edges)
    starts = [end for ends in ends_at.values() for end in ends if end not in partner]
    for start in [*starts, *((number, 0) for number in graph.edges)]:
        if start[0] in left:
            yield _chain(graph, partner, start, left, ends_at)


def _chain(
    graph: Graph,
    partner: dict[End, End],
    start: End,
    left: set[int],
    ends_at: dict[int, list[End]],
) -> Points:
    """Follow one path from a free end, or once round a closed one."""
    end = start
    path: Points | None = None
    while end[0] in left:
        left.remove(end[0])
        edge = graph.edges[end[0]]
        points = outward(edge, end[1])
        node = edge.ends[end[1]]
        joint = graph.nodes[node] * [1, 1, len(ends_at[node]) > 1]
        path = joined(points[:1], joint, points) if path is None else joined(path, joint, points)
        far = (end[0], 1 - end[1])
        node = edge.ends[far[1]]
        path = np.concatenate([path[:-1], graph.nodes[node][None] * [1, 1, len(ends_at[node]) > 1]])
        end = partner.get(far, far)
    if path is None:
        raise ValueError("a chain starts at an edge that is left")
    return path


def _pairs(graph: Graph, node: int, ends: list[End]) -> list[tuple[End, End]]:
    """Pair the ends at a node: the straightest go on, two that stay behind make a corner."""
    if len(ends) < 2:
        return []
    if len(ends) == 2:
        return [(ends[0], ends[1])]
    ways = {end: way_out(outward(graph.edges[end[0]], end[1]), graph.nodes[node]) for end in ends}
    pairs, _ = _straightest(ends, ways)
    rest = [end for end in ends if not any(end in pair for pair in pairs)]
    if len(rest) == 2 and len(ends) > 3:
        pairs.append((rest[0], rest[1]))
    return pairs


def _straightest(ends: list[End], ways: dict[End, Points]) -> tuple[list[tuple[End, End]], float]:
    """Return the pairs, no end in two of them, whose straightness adds up best, and the sum."""
    if len(ends) < 2:
        return [], 0.0
    first, *rest = ends
    best, gain = _straightest(rest, ways)
    for k, other in enumerate(rest):
        straight = -float(ways[first] @ ways[other])
        if straight >= STRAIGHT:
            pairs, more = _straightest(rest[:k] + rest[k + 1 :], ways)
            if straight + more > gain:
                best, gain = [(first, other), *pairs], straight + more
    return best, gain
