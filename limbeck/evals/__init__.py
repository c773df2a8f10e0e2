"""Measured tasks: what limbeck claims, in a form that others can check on data that nobody tuned to.

`limbeck eval NAME [--data DIR] [--test FILE] [--seed N] [--reviews N] [--model URL] [--limit N] --json` prints one JSON object as its last line. Gold is read by
the scorer alone: what a run is given has no gold column.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from limbeck.errors import ConfigError
from limbeck.evals import (
    aggregation,
    banking77,
    clinc150,
    dabench,
    esco,
    kill,
    kleister,
    kramabench,
    lake,
    medrel,
    nlupp,
    noise,
    overhead,
    retrieval,
    s2j,
    sandbox,
    sroie,
    wildreceipt,
    youtube,
)
from limbeck.evals.place import Place


@dataclass(frozen=True)
class Eval:
    """One measured task."""

    measures: str
    """What, on what."""
    licence: str
    """Of the data, and where it is from."""
    run: Callable[[Place], dict[str, Any]]
    asks: bool = False
    """Whether it takes `--reviews N`."""
    answers: bool = False
    """Whether it takes `--model` and `--limit`."""


EVALS = {
    "banking77": Eval(
        "77 label names and no gold → accuracy of the PEFT student on unseen texts; data: class_banking77/dev.jsonl",
        "BANKING77, CC BY 4.0 (PolyAI-LDN/task-specific-datasets)",
        banking77.evaluate,
        asks=True,
    ),
    "clinc150": Eval(
        "no names, no gold → taxonomies of 10 and of 150 categories; NMI and ARI against domains and intents, beside "
        "k-means on the same encoder; data: taxonomy_clinc150/dev_small.jsonl",
        "CLINC150, CC BY 3.0 (clinc/oos-eval)",
        clinc150.evaluate,
    ),
    "aggregation": Eval(
        "Dawid and Skene's label model on 1,000,000 made-up votes, as a multiple of crowd-kit's speed in the same run "
        "(speedup), share of items with the same label (same), memory (peak_gb)",
        "no data",
        aggregation.evaluate,
    ),
    "medrel": Eval(
        "about 15 workers' answers a sentence → does it state a cause, a treatment? F1 of every label model beside "
        "crowd-kit's on the same votes; data: crowd_medrel/dev.jsonl",
        "CrowdTruth medical relations, for measuring only (Dumitrache et al. 2018)",
        medrel.evaluate,
    ),
    "youtube": Eval(
        "10 weak labellers' votes and no gold → is it spam? Label models and student beside majority vote, crowd-kit's and "
        "Snorkel's on the same votes; data: weak_youtube/dev.jsonl",
        "YouTube Spam Collection, CC BY 4.0; votes from WRENCH, Apache-2.0",
        youtube.evaluate,
    ),
    "nlupp": Eval(
        "names and descriptions of 62 intents and no gold, several or none a sentence → micro and macro F1 of each "
        "annotator, of the labels, and of the PEFT student on unseen texts; data: multilabel_nlupp/dev.jsonl, labels.json",
        "NLU++, CC BY 4.0 (PolyAI-LDN/task-specific-datasets)",
        nlupp.evaluate,
    ),
    "noise": Eval(
        "gold labels flipped at 10 to 50%, to any label or to the most similar one → accuracy of the student taught by them, "
        "beside its teacher's; are the errors found? data: class_banking77/dev.jsonl",
        "BANKING77, CC BY 4.0 (PolyAI-LDN/task-specific-datasets)",
        noise.evaluate,
    ),
    "overhead": Eval(
        "labelling 500 documents through limbeck against a bare asyncio client at the same vLLM, alternating (ratio); "
        "documents labelled, validated and stored a second at a server that answers at once (stub_docs_per_s)",
        "docstrings of Python's standard library, PSF licence",
        overhead.evaluate,
    ),
    "esco": Eval(
        "13,896 skills, sentences of job advertisements and no gold → RP@5, RP@10, recall@50, nDCG@10 and PSP@5 of each way "
        "of retrieval, of the paper's program with the embedded model, and of students; data: xmc_esco/dev.jsonl, labels.jsonl",
        "ESCO, CC BY 4.0; sentences of jensjorisdecorte/Skill-Extraction-benchmark, for measuring only",
        esco.evaluate,
    ),
    "retrieval": Eval(
        "50 of 100,000 made-up labels, exactly, on one core: milliseconds a query (ms_per_query), as a multiple of a bare "
        "numpy product in the same run (ratio), with shared words, too (fused_ratio); memory (peak_gb) at 1,000,000 labels, "
        "and the share of the nearest that the index finds there (recall_index_10)",
        "no data",
        retrieval.evaluate,
    ),
    "s2j": Eval(
        "tables of papers in LaTeX, XML and Markdown and a schema → share of tables read (parsed) and of people's cells found "
        "(cell_recall, cell_precision); F1 through the pipeline with a teacher that knows (scripted_f1) and one that errs in a "
        "fifth of the cells (recovered_f1); F1 of the embedded model and of two students; data: table_s2j/dev.jsonl, schemas.json",
        "MlTables, ChemTables, DiSCoMaT as in bflashcp3f/schema-to-json, for measuring only (Bai et al. 2024)",
        s2j.evaluate,
    ),
    "sroie": Eval(
        "scanned receipts and no gold → ANLS of company, date, address and total (anls: by row llm, annotators, aggregate, student), "
        "with gold boxes and with our OCR (…_ocr), how much faster the student is (speedup), its parity with a teacher that errs "
        "(curves), word recall of OCR (ocr_recall); data: kie_sroie/dev.jsonl, images",
        "SROIE, for measuring only (ICDAR 2019; zzzDavid/ICDAR-2019-SROIE)",
        sroie.evaluate,
    ),
    "wildreceipt": Eval(
        "photographed receipts and no gold → ANLS of nine fields and of line items by the same rows, ANLS* of whole receipts; "
        "data: kie_wildreceipt/dev.jsonl",
        "WildReceipt, for measuring only (Sun et al. 2021)",
        wildreceipt.evaluate,
    ),
    "kleister": Eval(
        "contracts as texts and no gold → F1 of parties, date, law and term by the same rows, as Kleister's authors score it; "
        "data: kie_kleister_nda/dev.jsonl",
        "Kleister-NDA, for measuring only (Graliński et al. 2020)",
        kleister.evaluate,
    ),
    "dabench": Eval(
        "questions over one CSV each, through the pipeline `analysis` → share answered right (accuracy, the authors' ABQ), rounds, "
        "calls, tokens and failures, a row a question; resumable; data: agent_dabench/dev.jsonl, files",
        "InfiAgent-DABench, CC BY-NC 4.0, for measuring only (Hu et al. 2024)",
        dabench.evaluate,
        answers=True,
    ),
    "kramabench": Eval(
        "questions over a domain's whole folder of data, through the pipeline `analysis` → mean score by the authors' rules (accuracy), "
        "share of the needed files that were used (recall_files), and the same rows; resumable; data: agent_kramabench/dev.jsonl, files",
        "KramaBench, for measuring only (Lai et al. 2025)",
        kramabench.evaluate,
        answers=True,
    ),
    "lake": Eval(
        "1,000 made-up files, each described by a script of its own in the sandbox: files a second (described_per_s), scripts and memory "
        "seen at once, and whether the file that answers a question is among the 100, 10 and 1 found (recall_100, recall_10, first)",
        "no data",
        lake.evaluate,
    ),
    "sandbox": Eval(
        "hostile scripts in the sandbox, judged from outside (cases, escaped), how long one outlives its limit (overrun_s), and what the "
        "sandbox adds to the start of a script, in pairs (startup_ms)",
        "no data",
        sandbox.evaluate,
    ),
    "kill": Eval(
        "kill -9 at 10 random moments of runs on 300 documents, each continued: final tables equal (equal), share of "
        "calls sent twice (repeated_share)",
        "docstrings of Python's standard library, PSF licence",
        kill.evaluate,
    ),
}


def evaluate_named(name: str, place: Place) -> dict[str, Any]:
    """Run one eval.

    Returns:
        Its figures, with `eval`, `seed` and `seconds`.

    Raises:
        ConfigError: There is no such eval, it doesn't take an option, or its data can't be found.
    """
    if name not in EVALS:
        raise ConfigError(f"no eval {name!r}; write one of: {', '.join(EVALS)}")
    if place.reviews and not EVALS[name].asks:
        asking = ", ".join(known for known, one in EVALS.items() if one.asks)
        raise ConfigError(f"eval {name!r} asks nobody; leave --reviews {place.reviews!r} out, or write one of: {asking}")
    if not EVALS[name].answers and (unread := next((option for option in ("model", "limit") if getattr(place, option)), None)):
        taking = ", ".join(known for known, one in EVALS.items() if one.answers)
        raise ConfigError(f"eval {name!r} takes no --{unread}; leave it out, or write one of: {taking}")
    started = time.perf_counter()
    figures = EVALS[name].run(place)
    return {"eval": name, "seed": place.seed, **figures, "seconds": round(time.perf_counter() - started, 1)}


def describe() -> str:
    """Every eval: what it measures, on what, with which licence."""
    return "\n".join(f"{name}: {one.measures} [{one.licence}]" for name, one in EVALS.items())
