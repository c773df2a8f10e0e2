"""placeholder"""
from limbeck.context import RunContext


async def distil(context: RunContext) -> None:
    """Train."""


async def read_rest(context: RunContext) -> None:
    """Read."""
