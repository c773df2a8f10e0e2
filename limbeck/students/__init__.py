"""Students: small models that learn a teacher's labels, and label on without it (TnT-LLM, phase 2).

students, best = fit_best(kinds_for(len(lessons.labels)), lessons, Encoder.load(), seed=0)
best.save(folder)
load(folder).predict(["my card has not arrived"])
"""

from limbeck.students.fitting import fit, fit_best, kinds_for
from limbeck.students.lessons import Lessons
from limbeck.students.loading import load
from limbeck.students.student import KINDS, Kind, Prediction, Student

__all__ = ["KINDS", "Kind", "Lessons", "Prediction", "Student", "fit", "fit_best", "kinds_for", "load"]
