"""The records that everything else passes around: frozen pydantic models, nothing extra allowed."""

from limbeck.schemas.calls import Call
from limbeck.schemas.documents import Corpus, Document, Place
from limbeck.schemas.labels import GOLD, OTHER, PEOPLE, YES, Label, Vote
from limbeck.schemas.quality import Decision, Errors
from limbeck.schemas.record import Record, content_id
from limbeck.schemas.runs import Artifact, Run, Student
from limbeck.schemas.taxonomy import Category, Taxonomy

__all__ = [
    "GOLD",
    "OTHER",
    "PEOPLE",
    "YES",
    "Artifact",
    "Call",
    "Category",
    "Corpus",
    "Decision",
    "Document",
    "Errors",
    "Label",
    "Place",
    "Record",
    "Run",
    "Student",
    "Taxonomy",
    "Vote",
    "content_id",
]
