"""What the two students trained by torch share: lessons as tensors, and the loss of each text."""

from typing import Any

from limbeck.students.lessons import Lessons
from limbeck.students.objective import truth


def tensors(lessons: Lessons) -> tuple[Any, Any]:
    """(wanted [n, k or 2k], weights [n] with a mean of 1; all 0 where the teacher trusts no row)."""
    import torch

    weights = lessons.weights / max(float(lessons.weights.mean()), 1e-12)
    return torch.from_numpy(truth(lessons)), torch.from_numpy(weights)


def losses(outputs: Any, wanted: Any, k: int) -> Any:
    """[n]: soft cross-entropy of the first k columns plus the sum of binary ones over the rest, in nats."""
    import torch

    primary = -(wanted[:, :k] * torch.log_softmax(outputs[:, :k], dim=1)).sum(dim=1)
    if outputs.shape[1] == k:
        return primary
    binary = torch.nn.functional.binary_cross_entropy_with_logits
    return primary + binary(outputs[:, k:], wanted[:, k:], reduction="none").sum(dim=1)
