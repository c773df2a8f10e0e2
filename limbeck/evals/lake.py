"""A lake of 1,000 made-up files: are all described, many at once and within limits, and are the right ones found?

A scripted model writes a script a file, which the sandbox runs. Names of files say nothing; each question has one file
that answers it, and is worded otherwise than the file.
"""

import json
import os
import random
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from limbeck.dialects import Body
from limbeck.evals.place import Place
from limbeck.fakes import FakeLLM
from limbeck.run import run
from limbeck.settings import Settings
from limbeck.show import find
from limbeck.show_analysis import trace

FILES, QUESTIONS = 1000, 25
ROWS = 60
LOOKS = 0.1
"""Seconds between two looks at what runs."""
MEMORY = 0.5
"""Gigabytes that a script may take."""
TOPICS = {
    "rainfall": (("station", "month", "rainfall_mm"), "How much did it rain"),
    "hospitals": (("hospital", "beds", "occupied_beds"), "How full were the clinics"),
    "flights": (("airport", "departures", "delayed_flights"), "How often were planes late"),
    "wages": (("occupation", "employees", "monthly_wage"), "What did workers earn"),
    "harvest": (("crop", "hectares", "tonnes_harvested"), "How much grain was reaped"),
    "schools": (("school", "pupils", "teachers"), "How many children did a teacher have"),
    "housing": (("district", "flats_sold", "price_per_sqm"), "What did an apartment cost"),
    "energy": (("power_plant", "fuel", "megawatt_hours"), "How much electricity was generated"),
    "crime": (("precinct", "offence", "reported_thefts"), "How many things were stolen"),
    "traffic": (("road", "vehicles_per_day", "accidents"), "How many car crashes were there"),
    "libraries": (("library", "visitors", "books_lent"), "How many books were borrowed"),
    "fishing": (("port", "species", "catch_kg"), "How much fish was landed"),
    "museums": (("museum", "tickets_sold", "exhibitions"), "How many people went to see art"),
    "water": (("reservoir", "level_m", "consumption_litres"), "How much drinking water was used"),
    "births": (("municipality", "births", "deaths"), "How many babies were born"),
    "tourism": (("hotel", "overnight_stays", "guests_abroad"), "How many nights did travellers spend"),
    "forest": (("forest", "tree_species", "burnt_hectares"), "How much woodland went up in flames"),
    "election": (("constituency", "party", "votes_cast"), "How many ballots were there"),
    "rail": (("railway_line", "passengers", "minutes_late"), "How late were the trains"),
    "air": (("sensor", "pm10", "nitrogen_dioxide"), "How dirty was the air"),
}
REGIONS = ("Norway", "Portugal", "Kenya", "Peru", "Japan", "Canada", "Greece", "Vietnam", "Chile", "Poland")
YEARS = (2018, 2019, 2020, 2021, 2022)


@dataclass(frozen=True)
class Made:
    """A file of the lake."""

    name: str
    topic: str
    region: str
    year: int

    @property
    def question(self) -> str:
        """What it answers."""
        return f"{TOPICS[self.topic][1]} in {self.region} in {self.year}?"


def evaluate(place: Place) -> dict[str, Any]:
    """Ask questions over a lake that is described once."""
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        folder = Path(name)
        lake = make(folder / "lake", place.seed)
        asked = random.Random(place.seed).sample(lake, QUESTIONS)
        started = time.perf_counter()
        with scripts_seen() as seen:
            found = [_found(folder, asked[0], place)]
        lasted = time.perf_counter() - started
        found += [_found(folder, one, place) for one in asked[1:]]
    ranks = [names.index(one.name) if one.name in names else FILES for one, (names, _) in zip(asked, found, strict=True)]
    return {
        "files": len(lake),
        "described": found[0][1],
        "described_per_s": round(len(lake) / lasted, 1),
        "scripts_at_once": max(count for count, _ in seen),
        "scripts_gb": round(max(size for _, size in seen) / 1e9, 3),
        "limit_gb": MEMORY,
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "questions": len(asked),
        "recall_100": sum(rank < 100 for rank in ranks) / len(asked),
        "recall_10": sum(rank < 10 for rank in ranks) / len(asked),
        "first": sum(rank == 0 for rank in ranks) / len(asked),
    }


def make(folder: Path, seed: int) -> list[Made]:
    """Write the lake: CSV, JSON Lines and Parquet files in folders of a hundred."""
    draw = random.Random(seed)
    each = [(topic, region, year) for topic in TOPICS for region in REGIONS for year in YEARS]
    made = []
    for number, (topic, region, year) in enumerate(draw.sample(each, FILES)):
        path = folder / f"part-{number // 100}" / f"d{number:04}.{('csv', 'jsonl', 'parquet')[number % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, [{"country": region, "year": year, **_row(topic, draw)} for _ in range(ROWS)])
        made.append(Made(path.relative_to(folder).as_posix(), topic, region, year))
    return made


def _row(topic: str, draw: random.Random) -> dict[str, Any]:
    name, *columns = TOPICS[topic][0]
    return {name: f"{name} {draw.randrange(40)}", **{column: draw.randrange(1, 10_000) for column in columns}}


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    else:
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        path.write_text("\n".join(lines) + "\n", "utf-8")


def scripted(body: Body) -> str:
    """A model that writes a script for any file, and a plan of one step."""
    system, last = body["messages"][0]["content"], body["messages"][-1]["content"]
    if system.startswith("Write a Python script that loads one file"):
        path = last.removeprefix("Write the script for ").partition(",")[0]
        reader = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[path.rpartition(".")[2]]
        more = ", lines=True" if reader == "read_json" else ""
        return f"import pandas\nframe = pandas.{reader}({path!r}{more})\nprint(len(frame), 'rows')\nprint(frame.dtypes)\nprint(frame.head(3).to_string())"
    if system.startswith("Propose"):
        return "Count the files."
    if system.startswith("Judge"):
        return json.dumps({"reason": "Counted.", "decision": "sufficient"})
    return "import os\nprint(len(os.listdir('data')))"


def _found(folder: Path, asked: Made, place: Place) -> tuple[tuple[str, ...], int]:
    """The files found for a question, the likeliest first, and how many are described."""
    config = Settings.model_validate(
        {
            "pipeline": "analysis",
            "project": str(folder / "project"),
            "use_case": "Statistics of countries.",
            "documents": {"source": str(folder / "lake")},
            "model": {"name": "scripted", "context": 32_768},
            "ask": {"question": asked.question},
            "sandbox": {"memory": MEMORY, "seconds": 30},
        }
    )
    outcome = run(config, place.progress(), send=FakeLLM(scripted))
    found = trace(outcome.store, find(outcome.store, outcome.run))
    return found.found, sum(one.by == "model" and not one.error for one in found.descriptions)


@contextmanager
def scripts_seen() -> Iterator[list[tuple[int, int]]]:
    """How many scripts were seen to run at once and the bytes of memory that they took together, looked at from outside."""
    seen, over = [(0, 0)], threading.Event()

    def look() -> None:
        while not over.wait(LOOKS):
            sizes = [size for entry in os.listdir("/proc") if entry.isdigit() and (size := _script_size(entry))]
            seen.append((len(sizes), sum(sizes)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _script_size(entry: str) -> int:
    """Bytes in memory of a process that runs a script in the sandbox; 0 of any other."""
    try:
        program, *arguments = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
        if b"python" not in os.path.basename(program) or not any(one.endswith(b"script.py") for one in arguments):
            return 0
        return int(Path("/proc", entry, "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
