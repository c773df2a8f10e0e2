"""What a script prints, read while it runs, so that it never waits for us."""

import os
import select

from limbeck.sandbox.processes import Tree

PIECE = 65_536
SHOWN = 100_000
"""Characters that are kept of each: the first half and the last."""


class Printed:
    """Standard output and standard error of a script."""

    def __init__(self, tree: Tree) -> None:
        self._texts = {pipe: bytearray() for pipe in tree.pipes}
        self._ended, self._poll = tree.ended, select.poll()
        for descriptor in (tree.ended, *self._texts):
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.POLLIN)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self._texts.values()))

    def wait(self, seconds: float) -> bool:
        """Read what there is, or wait so long for some. Whether the script has ended."""
        ready = {descriptor for descriptor, _ in self._poll.poll(seconds * 1000)}
        for pipe in ready & self._texts.keys():
            if not self._read(pipe):
                self._poll.unregister(pipe)
        return self._ended in ready

    def rest(self) -> None:
        """Read what is left in the pipes, once all is ended."""
        for pipe in self._texts:
            while self._read(pipe):
                pass

    def _read(self, pipe: int) -> bool:
        try:
            piece = os.read(pipe, PIECE)
        except BlockingIOError:
            return False
        self._texts[pipe] += piece
        return bool(piece)

    def texts(self) -> list[str]:
        """Both, cut in the middle."""
        return [_cut(bytes(text).decode("utf-8", errors="replace")) for text in self._texts.values()]


def _cut(text: str) -> str:
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters are left out here]\n{text[-half:]}"
