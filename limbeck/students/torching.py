"""What the students trained by torch share: lessons as tensors, and the loss of each text.

Applicable labels can have the asymmetric loss (ASL; Ridnik et al. 2021, arXiv:2009.14119): most labels apply to few
texts, and without it the many easy zeros outweigh the few ones.
"""

from typing import Any

from limbeck.students.lessons import Lessons
from limbeck.students.objective import truth


def tensors(lessons: Lessons) -> tuple[Any, Any]:
    """(wanted [n, k or 2k], weights [n] with a mean of 1; all 0 where the teacher trusts no row)."""
    import torch

    weights = lessons.weights / max(float(lessons.weights.mean()), 1e-12)
    return torch.from_numpy(truth(lessons)), torch.from_numpy(weights)


def losses(outputs: Any, wanted: Any, k: int, gamma_negative: float = 0.0) -> Any:
    """[n]: soft cross-entropy of the first k columns plus the sum of asymmetric losses over the rest, in nats."""
    import torch

    primary = -(wanted[:, :k] * torch.log_softmax(outputs[:, :k], dim=1)).sum(dim=1)
    if outputs.shape[1] == k:
        return primary
    return primary + asymmetric(outputs[:, k:], wanted[:, k:], gamma_negative=gamma_negative).sum(dim=1)


def asymmetric(
    outputs: Any,
    wanted: Any,
    gamma_positive: float = 0.0,
    gamma_negative: float = 0.0,
    margin: float = 0.0,
) -> Any:
    """The asymmetric loss of section 2.3 for soft targets, in nats; binary cross-entropy where all three are 0.

    Args:
        outputs: Of any shape, before the sigmoid.
        wanted: As many targets from 0 to 1.
        gamma_positive: γ+, how much less a label counts that applies and is seen to.
        gamma_negative: γ−, how much less one counts that does not and is seen not to.
        margin: m: probabilities below count as 0 where the label does not apply.
    """
    import torch

    yes, no = outputs.sigmoid(), (-outputs).sigmoid() + margin
    # The logarithm of a sum has no stable form; without a margin it needs none.
    log_no = torch.log(no.clamp(max=1.0)) if margin else torch.nn.functional.logsigmoid(-outputs)
    there = wanted * (1 - yes) ** gamma_positive * torch.nn.functional.logsigmoid(outputs)
    return -(there + (1 - wanted) * (1 - no).clamp(min=0.0) ** gamma_negative * log_no)
