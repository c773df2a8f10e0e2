"""What the repository's files must keep to."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "limbeck").rglob("*.py"))
HEAVY = ("torch", "transformers", "dspy", "sklearn", "lightgbm", "peft", "langgraph", "duckdb")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def tracked() -> list[Path]:
    """The files that git knows, and all modules and tests; links left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = {ROOT / one for one in listed.stdout.split("\0") if one} | {*MODULES, *(ROOT / "tests").glob("*.py")}
    return sorted(file for file in files if file.is_file() and not file.is_symlink())


def test_there_are_modules() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_modules_and_functions_are_small(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 400
    found = [node for node in ast.walk(tree(file)) if isinstance(node, Function)]
    assert [node.name for node in found if (node.end_lineno or 0) - node.lineno + 1 > 60] == []


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_errors_are_caught_by_name(file: Path) -> None:
    """`except:`, `except Exception:` and `except BaseException:` only where the error is kept or raised again."""
    for node in ast.walk(tree(file)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = [kind for kind in kinds if kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))]
        raised = any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(node))
        kept = any(isinstance(one, ast.Attribute) and one.attr == "set_exception" for one in ast.walk(node))
        assert not broad or raised or kept, f"line {node.lineno}"


def test_no_module_is_for_everything() -> None:
    assert [name(file) for file in MODULES if file.stem in ("utils", "util", "helpers", "common", "misc")] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [name(file) for file in MODULES if not ast.get_docstring(tree(file))] == []


def test_no_file_names_a_machine() -> None:
    # Put together, so that this file does not hold them.
    places = ["/" + place for place in ("work/", "opt/", "home/", "root/", "Users/")]
    found = []
    for file in tracked():
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name(file)}: {place}" for place in places if re.search(rf"(?<![\w.~]){place}", text)]
    assert found == []


def test_the_command_line_is_quick_to_import() -> None:
    code = f"import sys, limbeck.cli; print([one for one in {HEAVY!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("module", ["limbeck.settings", "limbeck.documents", "limbeck.query", "limbeck.show", "limbeck.aggregate"])
def test_light_modules_load_no_learning_library(module: str) -> None:
    code = f"import sys, {module}; print([one for one in ('torch', 'transformers', 'dspy', 'sklearn') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_import_of_the_command_line_exists() -> None:
    """Commands import inside functions, where nobody would miss a module until it is called."""
    missing = []
    for file in MODULES:
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("limbeck"):
                place = ROOT.joinpath(*str(node.module).split("."))
                if not place.with_suffix(".py").is_file() and not (place / "__init__.py").is_file():
                    missing.append(f"{name(file)}: {node.module}")
    assert missing == []


def test_every_layer_is_a_module_and_every_module_a_layer() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    layers = {one for line in re.findall(r'^    "(limbeck\..*)",$', text, re.M) for one in line.split(" | ")}
    inside = {f"limbeck.{file.stem if file.name != '__init__.py' else file.parent.name}" for file in MODULES}
    top = {one for one in inside if (ROOT / "limbeck" / one.split(".")[1]).is_dir() or (ROOT / "limbeck" / f"{one.split('.')[1]}.py").is_file()}
    assert layers - top == set()
    assert top - layers - {"limbeck.__main__", "limbeck.limbeck"} == set()


# ---- pipelines -------------------------------------------------------------------------------------------------------


def test_each_pipeline_has_programs_a_graph_a_config_and_a_place_in_langgraph_json() -> None:
    from limbeck.agents import GRAPHS
    from limbeck.programs import PROGRAMS
    from limbeck.settings import Settings

    served = json.loads((ROOT / "langgraph.json").read_text("utf-8"))["graphs"]
    kinds = Settings.model_json_schema()["properties"]["pipeline"]
    names = set(kinds.get("enum", [kinds.get("const")]))
    assert names == set(GRAPHS) == set(PROGRAMS) == set(served)
    for pipeline in names:
        assert (ROOT / "limbeck" / "agents" / f"{pipeline}.py").is_file()
        assert (ROOT / "limbeck" / "programs" / f"{pipeline}.py").is_file()
        config = yaml.safe_load((ROOT / "limbeck" / "configs" / f"{pipeline}.yaml").read_text("utf-8"))
        assert config.get("pipeline", "taxonomy") == pipeline


def test_the_graphs_of_langgraph_json_compile_and_draw() -> None:
    from limbeck.agents import GRAPHS

    for pipeline, place in json.loads((ROOT / "langgraph.json").read_text("utf-8"))["graphs"].items():
        path, _, function = place.partition(":")
        assert (ROOT / path).is_file()
        module = importlib.import_module(".".join(Path(path).with_suffix("").parts))
        assert getattr(module, function) is GRAPHS[pipeline]
        compiled = GRAPHS[pipeline]().compile()
        nodes = set(compiled.get_graph().nodes)
        assert all(node in compiled.get_graph().draw_mermaid() for node in nodes) and len(nodes) > 3


@pytest.mark.parametrize("link", ["agents", "configs", "evals", "programs", "schemas"])
def test_links_at_the_root_resolve(link: str) -> None:
    assert (ROOT / link).is_symlink() and not os.path.isabs(os.readlink(ROOT / link))
    assert (ROOT / link).resolve() == (ROOT / "limbeck" / link).resolve() and (ROOT / link).is_dir()
