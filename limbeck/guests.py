"""Code that a person wrote: run, and whatever it raises kept for the caller to say."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

SAID = 200
"""Characters of an error that are shown."""


def tried(act: Callable[[], Any]) -> "Future[Any]":
    """What came of a person's code, which may raise anything: kept for the caller to look at."""
    done: Future[Any] = Future()
    try:
        done.set_result(act())
    except (Exception, SystemExit) as error:
        done.set_exception(error)
    return done


def said(error: BaseException) -> str:
    """An error on one line, however much it has to say."""
    words = " ".join(str(error).split())
    short = words if len(words) <= SAID else words[:SAID] + " …"
    return f"{type(error).__name__}: {short}" if short else type(error).__name__
