"""Answers in several messages: pieces with one invoke id, ended by a plain result, which may hold nothing."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from drivers.intellivue.export import FIRST, LAST, Observed, PollReply

# A monitor with every module lists a hundred or so objects; a hostile one shall not fill memory.
_MAX_OBJECTS: Final = 2048
_MAX_PIECES: Final = 64


class Answer(NamedTuple):
    """One poll's answer; `head` is its last piece."""

    head: PollReply
    objects: tuple[Observed, ...]
    is_whole: bool


@dataclass(slots=True)
class _Group:
    head: PollReply
    objects: list[Observed] = field(default_factory=list)
    pieces: int = 0
    is_whole: bool = True
    has_last: bool = False

    def add(self, piece: PollReply) -> None:
        if piece.link is not None:
            self.pieces += 1
            self.is_whole &= piece.link.number == self.pieces & 0xFF
            self.has_last |= piece.link.state == LAST
        if self.pieces > _MAX_PIECES or len(self.objects) + len(piece.objects) > _MAX_OBJECTS:
            self.is_whole = False
        else:
            self.objects += piece.objects
        self.head = piece

    def close(self, is_ended: bool) -> Answer:
        return Answer(self.head, tuple(self.objects), self.is_whole and (is_ended or self.has_last))


class Groups:
    """Puts the pieces together, for each invoke id."""

    def __init__(self) -> None:
        self._open: dict[int, _Group] = {}

    def feed(self, piece: PollReply) -> list[Answer]:
        """Take one message; give back what it completed, and first what it shows will not be completed."""
        answers: list[Answer] = []
        group = self._open.get(piece.invoke_id)
        if group is not None and _begins_another(group, piece):
            answers, group = self.flush(piece.invoke_id), None
        if piece.link is None and group is None:
            return [*answers, Answer(piece, piece.objects, True)]
        if group is None:
            group = self._open[piece.invoke_id] = _Group(piece)
        group.add(piece)
        if piece.link is None:
            answers.append(self._open.pop(piece.invoke_id).close(is_ended=True))
        return answers

    def flush(self, invoke_id: int) -> list[Answer]:
        """Give what there is of an answer that will not be completed: the question is about to be asked again."""
        group = self._open.pop(invoke_id, None)
        return [group.close(is_ended=False)] if group else []


def _begins_another(group: _Group, piece: PollReply) -> bool:
    if piece.link is not None and piece.link.state == FIRST:
        return True
    return piece.sequence != group.head.sequence
