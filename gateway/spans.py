"""Sets of whole numbers, kept as the few runs that they are."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]  # first and last, both in


class Spans:
    """A set of numbers in ascending, disjoint, non-adjacent spans."""

    __slots__ = ("_spans",)

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans: list[Span] = []
        for span in spans:
            self.add(span)

    def add(self, span: Span) -> None:
        """Put a span in; it may touch or overlap others."""
        spans, (first, last) = self._spans, span
        if not spans or first > spans[-1][1] + 1:
            spans.append(span)
            return
        if first == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], last)
            return
        low = bisect_left(spans, first - 1, key=lambda s: s[1])  # the first that touches or lies after
        high = low
        while high < len(spans) and spans[high][0] <= last + 1:
            first, last = min(first, spans[high][0]), max(last, spans[high][1])
            high += 1
        spans[low:high] = [(first, last)]

    def remove(self, span: Span) -> None:
        """Take a span out, as far as it is in."""
        first, last = span
        kept: list[Span] = []
        for low, high in self._spans:
            if high < first or low > last:
                kept.append((low, high))
                continue
            if low < first:
                kept.append((low, first - 1))
            if high > last:
                kept.append((last + 1, high))
        self._spans = kept

    def first(self) -> Span:
        """Give the lowest span. Raises IndexError if there is none."""
        return self._spans[0]

    def __contains__(self, number: int) -> bool:
        place = bisect_left(self._spans, number, key=lambda span: span[1])
        return place < len(self._spans) and self._spans[place][0] <= number

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self._spans)

    def __bool__(self) -> bool:
        return bool(self._spans)


def lost_ranges(messages: Iterable[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Fold (topic, seq) into runs of seq for each topic."""
    runs: list[tuple[str, int, int]] = []
    for topic, seq in sorted(messages):
        if runs and runs[-1][0] == topic and runs[-1][2] == seq - 1:
            runs[-1] = (topic, runs[-1][1], seq)
        else:
            runs.append((topic, seq, seq))
    return runs
