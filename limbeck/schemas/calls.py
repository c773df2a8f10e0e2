"""Calls: one request to a model and what came of it.

`Call(id="b2:…", model="smollm2-135m", request='{"messages":[…]}', text="3. Billing", prompt_tokens=212,
completion_tokens=4, seconds=0.31, price=0.0, finish="stop", ended=1790000000.0)`
"""

from limbeck.schemas.record import Record


class Call(Record):
    """A finished call: the cache's entry and the ledger's line in one."""

    id: str
    """`content_id` of the request: messages, model, sampling, output schema."""
    model: str
    request: str
    """The request as JSON, as sent."""
    text: str
    """The model's answer."""
    finish: str
    """Why it ended: `stop`, `length`, …"""
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """From sending to the last byte, waiting for a free place not included."""
    price: float
    """In the config's currency; 0 where it gives no prices."""
    ended: float
    """Unix time at which the answer was complete."""
