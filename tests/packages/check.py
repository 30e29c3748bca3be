"""Installs what `make build` packed into empty environments, and uses it there as a stranger would.

    python tests/packages/check.py

The wheel goes into a new virtual environment, the npm package into an empty folder, both outside this repo and
without cargo, rustc or anything of ours on PATH. The last line is `N passed, N failed`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import traceback
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
DIST = REPO / "dist"
CHECKS: list[Callable[[Path], None]] = []


def check(function: Callable[[Path], None]) -> Callable[[Path], None]:
    """Lists a check. It gets an empty folder, and fails by raising."""
    CHECKS.append(function)
    return function


def version() -> str:
    """The version that the workspace states."""
    manifest = tomllib.loads((REPO / "Cargo.toml").read_text())
    return str(manifest["workspace"]["package"]["version"])


def wheel() -> Path:
    return DIST / f"sightline-{version()}-py3-none-any.whl"


def npm_package() -> Path:
    return DIST / f"sightline-{version()}.tgz"


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a command that must succeed and gives its output. Only node, npm and the system are on its PATH."""
    node = Path(shutil.which("node") or "node").parent
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "CARGO", "RUST", "VIRTUAL_ENV", "NODE_", "npm_"))
    }
    environment["PATH"] = os.pathsep.join([str(node), "/usr/local/bin", "/usr/bin", "/bin"])
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


@check
def versions_agree(_folder: Path) -> None:
    python = tomllib.loads((REPO / "host-python/pyproject.toml").read_text())["project"]["version"]
    npm = json.loads((REPO / "www/package.json").read_text())["version"]
    assert python == npm == version(), f"Cargo.toml {version()}, pyproject.toml {python}, package.json {npm}"


@check
def wheel_holds_the_package_and_nothing_else(_folder: Path) -> None:
    with zipfile.ZipFile(wheel()) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert top == {"sightline", f"sightline-{version()}.dist-info"}, top
    assert "sightline/_engine.wasm" in names
    assert "sightline/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names), "no licence in the wheel"
    unwanted = [name for name in names if "__pycache__" in name or name.endswith((".cwasm", ".rs"))]
    assert not unwanted, unwanted


@check
def npm_package_holds_the_package_and_nothing_else(_folder: Path) -> None:
    with tarfile.open(npm_package()) as archive:
        names = archive.getnames()
    manifest = json.loads((REPO / "www/package.json").read_text())
    assert any(name.endswith(".wasm") for name in names), names
    assert any(name.endswith(".d.ts") for name in names), names
    assert "package/LICENSE" in names
    assert "package/README.md" in names
    unwanted = [name for name in names if re.search(r"node_modules|/test/|\.tsbuildinfo", name)]
    assert not unwanted, unwanted
    promised = [path.removeprefix("./") for path in export_targets(manifest["exports"]) if "*" not in path]
    missing = [path for path in promised if f"package/{path}" not in names]
    assert not missing, f"exported but not packed: {missing}"


def export_targets(exports: object) -> list[str]:
    """Every file that an `exports` entry of package.json names."""
    if isinstance(exports, str):
        return [exports]
    if isinstance(exports, dict):
        return [target for value in exports.values() for target in export_targets(value)]
    return []


@check
def nothing_packed_names_this_machine(_folder: Path) -> None:
    places = [str(REPO).encode(), str(Path.home() / ".cargo").encode()]
    with zipfile.ZipFile(wheel()) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(npm_package()) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            if content is not None:
                packed[member.name] = content.read()
    found = [name for name, content in packed.items() if any(place in content for place in places)]
    assert not found, f"these hold paths of the machine that built them: {found}"


@check
def wheel_works_in_an_empty_environment(folder: Path) -> None:
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel(), cwd=folder)
    installed = json.loads(run(python, "-m", "pip", "list", "--format=json", cwd=folder))
    names = {package["name"].lower() for package in installed}
    assert not names & {"tornado", "aiohttp", "starlette", "pandas", "pyarrow"}, names
    shutil.copy(HERE / "use_wheel.py", folder)
    assert run(python, "use_wheel.py", cwd=folder).strip() == f"sightline {version()} works"


@check
def npm_package_works_in_an_empty_folder(folder: Path) -> None:
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    run("npm", "install", "--silent", "--no-audit", "--no-fund", npm_package(), cwd=folder)
    shutil.copy(HERE / "use_npm.mjs", folder)
    assert run("node", "use_npm.mjs", cwd=folder).strip() == "sightline works"


def main() -> int:
    failed = 0
    for one in CHECKS:
        with tempfile.TemporaryDirectory(prefix="sightline-package-") as folder:
            try:
                one(Path(folder))
            except Exception:
                failed += 1
                print(f"FAILED  {one.__name__}\n{traceback.format_exc()}", flush=True)
            else:
                print(f"ok      {one.__name__}", flush=True)
    print(f"{len(CHECKS) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
