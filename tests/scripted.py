"""Models that are functions: one that does as told, and worse ones; and a run of the whole pipeline with one of them."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from limbeck.dialects import CHOICE, Body
from limbeck.fakes import FakeLLM
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.run import Outcome, run
from limbeck.schemas import OTHER
from limbeck.settings import Settings

Answer = Callable[[Body], str]
TOPICS = {"Cards": "card", "Loans": "loan", "Transfers": "transfer"}
ABOUT = {
    "Cards": ["my card was stolen", "where is my new card", "the card has a wrong name", "block the card at once"],
    "Loans": ["what does a loan cost", "I repay my loan early", "a loan for a house", "the loan was refused"],
    "Transfers": ["the transfer is late", "cancel this transfer", "a transfer to Norway", "what does a transfer need"],
}


def texts(each: int) -> list[str]:
    """Distinct texts on three topics in turn."""
    topics = list(ABOUT.values())
    return [f"{topics[n % 3][n // 3 % 4]}, case {n}" for n in range(3 * each)]


def settings(folder: Path, rows: list[str] | None = None, **sections: Any) -> Settings:
    """A config over a text file of these rows; what is not said is small and fast."""
    source = folder / "documents.txt"
    if rows is not None:
        source.write_text("\n".join(rows) + "\n", encoding="utf-8")
    values: dict[str, Any] = {
        "project": str(folder / "project"),
        "use_case": "Route each message to the team that can answer it.",
        "documents": {"source": str(source)},
        "model": {"name": "big", "concurrency": 4},
        "taxonomy": {"minibatch": 20, "chains": 2, "size": 5},
        "student": {"kinds": ["logistic"]},
        "measures": {"sample": 0},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return Settings.model_validate(values)


def started(config: Settings, answer: Answer) -> tuple[FakeLLM, Outcome]:
    fake = FakeLLM(answer)
    return fake, run(config, Progress(quiet=True), send=fake)


def rows(outcome: Outcome, sql: str) -> list[dict[str, Any]]:
    return list(ask(outcome.store, sql).to_pylist())


def taxonomy(outcome: Outcome) -> dict[str, Any]:
    (row,) = rows(outcome, f"SELECT value FROM taxonomies WHERE run = '{outcome.run}'")
    found: dict[str, Any] = json.loads(row["value"])
    return found


def names(outcome: Outcome) -> list[str]:
    return [row["name"] for row in taxonomy(outcome)["categories"]]


def labels(outcome: Outcome) -> dict[str, str]:
    """The primary label of each text."""
    sql = f"""SELECT d.text, l.label FROM labels l JOIN documents d ON d.id = l.item
        JOIN taxonomies t ON t.run = l.run AND t.id = l.space WHERE l.run = '{outcome.run}'"""
    return {row["text"]: row["label"] for row in rows(outcome, sql)}


def measures(outcome: Outcome) -> dict[str, Any]:
    (row,) = rows(outcome, f"SELECT value FROM artifacts WHERE run = '{outcome.run}' AND step = 'measures'")
    found: dict[str, Any] = json.loads(row["value"])
    return found


# ---- models ----------------------------------------------------------------------------------------------------------


OWN = "Say it in a word"
"""How a wording of a person's own begins."""
STARTS = {"Choose": "Choose the table", "Prefer": "Two labels", "Relevant": "A document was", "Pick": "Label one"}


def program(body: Body) -> str:
    """Which program asks; of those that take a choice its prompt's beginning tells."""
    if "prompt_logprobs" in body:
        return "Likelihood"
    if CHOICE in body:
        said = body["messages"][0]["content"]
        return "Pick" if said.startswith(OWN) else next(name for name, start in STARTS.items() if said.startswith(start))
    return str(body["response_format"]["name"])


def asked(body: Body) -> str:
    """The last input: the first of the user's messages, whatever was answered since."""
    return str(body["messages"][1]["content"])


def part(body: Body, title: str) -> str:
    """One input from the system message."""
    found = re.search(rf"^## {title}\n(.*?)(?=\n\n## |\Z)", body["messages"][0]["content"], re.S | re.M)
    return found[1] if found else ""


def table_rows(table: str) -> list[tuple[str, str]]:
    return re.findall(r"^\d+\. ([^:\n]+)(?:: (.*))?$", table, re.M)


def fits(name: str, text: str) -> bool:
    return TOPICS.get(name, "no topic") in text


def described(name: str) -> dict[str, str]:
    return {"name": name, "description": f"The message is about a {TOPICS.get(name, name)}."}


def good(body: Body) -> str:
    """What a model says that does as it is told."""
    answer: Any = ANSWERS[program(body)](body)
    return answer if isinstance(answer, str) else json.dumps(answer)


def summarised(body: Body) -> Any:
    topic = next((word for word in TOPICS.values() if word in asked(body)), "nothing")
    return {"summary": f"The message is about a {topic}.", "explanation": "It says so."}


def generated(body: Body) -> Any:
    found = [name for name in TOPICS if fits(name, asked(body))]
    return {"explanation": "As the documents are.", "categories": [described(name) for name in found]}


def updated(body: Body) -> Any:
    table = table_rows(part(body, "Table"))
    new = [name for name in TOPICS if fits(name, asked(body)) and name not in dict(table)]
    kept = [{"name": name, "description": description} for name, description in table]
    edit = f"Add {', '.join(new)}" if new else "N/A"
    rated = {"score": 60 if new else 90, "explanation": "It must cover the documents.", "suggestions": edit}
    return {**rated, "categories": [*kept, *(described(name) for name in new)]}


def reviewed(body: Body) -> Any:
    table = [{"name": name, "description": description} for name, description in table_rows(asked(body))]
    return {"score": 95, "explanation": "Clear.", "suggestions": "N/A", "categories": table}


def chosen(body: Body) -> str:
    """The table that names most topics; of equal ones the alphabet's first, wherever it stands."""
    tables = asked(body).partition("### Documents")[0].split("### Table ")[1:]
    best = min(tables, key=lambda table: (-len(table_rows(table)), table.partition("\n")[2].strip()))
    return best.partition("\n")[0]


def classified(body: Body) -> Any:
    table = [name for name, _ in table_rows(part(body, "Table"))]
    name = next((name for name in table if fits(name, asked(body))), OTHER)
    index = table.index(name) + 1
    return {"reason": "It says so.", "index": index, "name": name, "also": [index]}


def picked(body: Body) -> str:
    table = [name for name, _ in table_rows(part(body, "Table"))]
    options: list[str] = body[CHOICE]
    return next((one for one, name in zip(options, table, strict=True) if fits(name, asked(body))), options[-1])


def preferred(body: Body) -> str:
    document, _, proposed = asked(body).partition("### Labels")
    found = [letter for letter, name in re.findall(r"^([AB])\. ([^:\n]+):", proposed, re.M) if fits(name, document)]
    return found[0] if found else "None"


def weighed(body: Body) -> Any:
    """A document is likelier after the name of its topic; the last token of the prompt is the document."""
    label, document = asked(body), str(body["messages"][-1]["content"])
    said = any(name in label and fits(name, document) for name in TOPICS)
    return [[len(label), -1.0], [7, -2.0 if said else -20.0]]


def named(body: Body) -> Any:
    counts = Counter({name: asked(body).count(word) for name, word in TOPICS.items()})
    return described(counts.most_common(1)[0][0])


ANSWERS: dict[str, Answer] = {
    "Summarise": summarised,
    "Generate": generated,
    "Update": updated,
    "Review": reviewed,
    "Choose": chosen,
    "Classify": classified,
    "Pick": picked,
    "Prefer": preferred,
    "Relevant": lambda _: "yes",
    "NameCluster": named,
    "Likelihood": weighed,
}


def but(**others: Callable[[Body], Any]) -> Answer:
    """The good model, but for some programs."""

    def answer(body: Body) -> str:
        other = others.get(program(body))
        said = other(body) if other else good(body)
        return said if isinstance(said, str) else json.dumps(said)

    return answer


MISTAKEN = ("my card was stolen, case 0", "where is my new card, case 3")
CHOOSES = {"mode": "choice", "probe": 0}
"""Label settings with which the model decides alone, by one constrained choice."""


def careless(body: Body) -> str:
    """The good model, but where it chooses a label it takes two messages about cards for the third topic."""
    wrong = program(body) == "Pick" and asked(body).endswith(MISTAKEN)
    return str(body[CHOICE][2]) if wrong else good(body)


def speechless(_: Body) -> str:
    """A model that keeps to no form."""
    return "I am sorry, I can't."


def requests(fake: FakeLLM, name: str) -> list[Body]:
    return [body for body in fake.history if program(body) == name]


def listed(body: Body) -> list[str]:
    return re.findall(r"^- (.*)$", asked(body), re.M)
