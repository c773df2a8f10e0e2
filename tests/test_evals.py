"""What an eval refuses before it runs anything. The figures themselves are in `LOG.md`: they take minutes, not tests."""

from pathlib import Path

import pytest

from limbeck.errors import ConfigError
from limbeck.evals import evaluate_named
from limbeck.evals.place import rows

ROW = '{"text": "hi", "label": "x", "intent": "x", "domain": "y"}\n'
REFUSED = {
    "no JSON": ("banking77", "text,label\nhi,x\n", "line 1 of {path!r} is no row of this eval; write {{\"text\": \"…\", \"label\": \"…\"}}"),
    "no label": (
        "banking77",
        ROW + '{"text": "hi"}\n',
        'line 2 of {path!r} is no row of this eval; write {{"text": "…", "label": "…"}}',
    ),
    "a list": ("clinc150", "[1]", 'line 1 of {path!r} is no row of this eval; write {{"text": "…", "intent": "…", "domain": "…"}}'),
    "nothing": ("clinc150", "\n", 'no rows in {path!r}; write one a line: {{"text": "…", "intent": "…", "domain": "…"}}'),
    "too few": ("clinc150", ROW * 3, "3 texts are in scope, too few for 150 clusters; give a longer file with --test"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_test_file_of_another_form_is_refused_before_anything_runs(case: str, tmp_path: Path) -> None:
    name, content, message = REFUSED[case]
    for file in ("test.jsonl", "class_banking77/dev.jsonl"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(content if file == "test.jsonl" else ROW, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        evaluate_named(name, tmp_path, tmp_path / "test.jsonl", 0, quiet=True)
    assert str(error.value) == message.format(path=str(tmp_path / "test.jsonl"))


def test_a_line_separator_within_a_text_ends_no_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a\u2028b"}\n{"text": "c"}\n', encoding="utf-8")
    assert [row["text"] for row in rows(tmp_path / "a.jsonl", {"text": str})] == ["a\u2028b", "c"]
