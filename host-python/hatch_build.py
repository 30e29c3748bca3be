"""Puts the engine module into the wheel and the sdist.

The module is built by `engine/wasm-host/build.sh` and not tracked by git, so hatch would leave it out: it is
force-included here. A missing module is an error, because a wheel without it cannot be used.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "_engine.wasm"


class EngineModuleHook(BuildHookInterface[Any]):
    """Adds `sightline/_engine.wasm` to what is built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatch before each build; `version` is "editable" for a development install."""
        module = Path(self.root) / "src" / "sightline" / MODULE
        if version == "editable":
            return
        if not module.is_file():
            raise FileNotFoundError(
                f"{module} is missing: build it first with `make build` or engine/wasm-host/build.sh"
            )
        inside = f"sightline/{MODULE}" if self.target_name == "wheel" else f"src/sightline/{MODULE}"
        build_data["force_include"][str(module)] = inside
        build_data["artifacts"].append(f"/src/sightline/{MODULE}")
