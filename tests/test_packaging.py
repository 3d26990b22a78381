"""However convtool is installed, its built-in filters and the parts of its pages are found."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what git tracks."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    archive = subprocess.run(
        ["tar", "-c", "--exclude=.venv", "--exclude=.git", "."], cwd=ROOT, capture_output=True, check=True
    )
    subprocess.run(["tar", "-x"], cwd=copy, input=archive.stdout, check=True)
    return copy


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_what_lies_beside_the_code_is_found(kind: str, checkout: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    libraries = os.environ | {"PYTHONPATH": sysconfig.get_path("purelib")}

    def run(*command: str, folder: Path = tmp_path) -> str:
        finished = subprocess.run(
            command, cwd=folder, env=libraries, stdout=subprocess.PIPE, text=True, check=True
        )
        return finished.stdout

    if kind == "editable":
        target = ["--editable", str(checkout)]
    else:
        run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(tmp_path), folder=checkout)
        (built,) = tmp_path.glob("convtool_maps-*")
        target = [str(built)]
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *target)

    home = run(python, "-c", "import convtool; print(convtool.__file__)").strip()
    assert Path(home).is_relative_to(checkout if kind == "editable" else environment)
    shown = run(str(environment / "bin" / "convtool"), "filters", "export", "sobel-x", "-o", "-")
    assert '"name": "sobel-x"' in shown
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    page = run(
        *(python, "-m", "convtool", "report", "a.csv", "-f", "notes-diagonal", "--pool", "1", "-o", "-")
    )
    assert page.endswith("</html>\n")
    assert len(run(python, "-m", "convtool", "filters", "list", "--json").splitlines()) == 35
