"""What a report says of a question over a folder of data: filled by `reporting_analysis.py`, drawn by `report_analysis.py`."""

from limbeck.facts import Frame, Part
from limbeck.schemas.analysis import Answer, DataFile, Description, Round, Tried


class PictureFacts(Part):
    """A picture that a script drew."""

    name: str
    """Its path in the project."""
    media: str
    """Such as `image/png`."""
    data: bytes


class LeftFacts(Part):
    """Another file that a script left, or a picture that is not shown."""

    name: str
    bytes: int | None
    """None where it is not in the project's folder any more."""


class RoundFacts(Part):
    """A round, and what became of its step."""

    round: Round
    step: int | None = None
    """Its place in the final plan, from 1; None where it is not in it."""
    taken_back_in: int | None = None
    """The round that found it wrong."""
    reason: str = ""
    """The router's, for its decision."""
    seconds: float = 0.0


class DataFacts(Part):
    """A file of the folder, with what is known of it; None where nobody has looked yet."""

    file: DataFile
    description: Description | None = None
    used: bool = True
    """Whether it was found to fit the question, where there were too many to use all."""


class AnalysisFacts(Frame):
    """Everything that the report of an analysis says."""

    question: str
    format: str = ""
    """How the answer was to be written."""
    about: str = ""
    """What the config says of the data."""
    answer: Answer | None = None
    unanswered: str = ""
    """Why there is none."""
    plan: tuple[str, ...] = ()
    """The steps in the end."""
    rounds: tuple[RoundFacts, ...] = ()
    last: tuple[Tried, ...] = ()
    """The scripts that were to print the answer as it was asked for."""
    pictures: tuple[PictureFacts, ...] = ()
    left: tuple[LeftFacts, ...] = ()
    data: tuple[DataFacts, ...] = ()
    """The first files."""
    data_left_out: int = 0
