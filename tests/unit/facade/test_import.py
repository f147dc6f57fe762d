"""`import tinsmith` offers the facade and loads nothing of it."""

import json
import subprocess
import sys

import pytest

import tinsmith
from tinsmith.version import __version__

HEAVY = ("numpy", "torch", "sklearn", "onnx", "h5py", "jinja2", "typer", "rich")


def loaded(script: str) -> set[str]:
    """Modules that are there after a script in a process of its own, beside those of a bare one."""
    found = []
    for text in ("", script):
        code = f"import json, sys\n{text}\nprint(json.dumps(sorted(sys.modules)))"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(set(json.loads(done.stdout)))
    return found[1] - found[0]


def test_importing_it_loads_its_version_and_nothing_else() -> None:
    new = loaded("import tinsmith")
    assert {m for m in new if m.startswith("tinsmith")} == {"tinsmith", "tinsmith.version"}
    assert not new & set(HEAVY)


def test_using_it_loads_no_framework_and_no_importer() -> None:
    new = loaded("import tinsmith as ts\nfor name in ts.__all__: getattr(ts, name)\nts.boards()")
    assert "tinsmith.facade.compiled" in new
    assert not new & {"torch", "sklearn", "onnx", "h5py", "matplotlib", "unicorn", "typer", "rich"}
    # The frame of all importers is there; a reader is loaded when a file asks for it.
    inside = {m for m in new if m.startswith("tinsmith.importers.")}
    assert inside == {"tinsmith.importers._frame"}


def test_all_names_are_there_and_listed() -> None:
    for name in tinsmith.__all__:
        assert getattr(tinsmith, name) is not None
    assert set(tinsmith.__all__) <= set(dir(tinsmith))
    assert set(tinsmith._HOMES) == set(tinsmith.__all__) - {"__version__"}
    assert tinsmith.__version__ == __version__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tinsmith' has no attribute 'lod'"):
        tinsmith.lod  # noqa: B018 - the look-up is what is tested


@pytest.mark.parametrize("name", sorted(set(tinsmith.__all__) - {"__version__", "Cases"}))
def test_what_is_offered_is_documented(name: str) -> None:
    """A docstring; functions of ours also say their errors and an example."""
    found = getattr(tinsmith, name)
    assert found.__doc__, name
    if callable(found) and not isinstance(found, type):
        assert "Example:" in found.__doc__, name


@pytest.mark.parametrize(
    "method",
    ["Model.predict", "Model.save", "Compiled.predict", "Compiled.measure", "Compiled.prove",
     "Compiled.compare",
     "Compiled.package", "Compiled.save", "Compiled.load", "Project.run"],
)  # fmt: skip
def test_methods_say_what_they_raise_and_give_an_example(method: str) -> None:
    kind, name = method.split(".")
    text = getattr(getattr(tinsmith, kind), name).__doc__
    assert "Raises:" in text or method == "Project.run"
    assert "Example:" in text
