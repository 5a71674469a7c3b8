"""Adds the built site to the wheel. The environment variable NN_LAB_SITE names its folder; scripts/wheel.sh sets it."""

import os
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Precompressed copies and packages are not needed, and neither is the service worker: the site is on this computer already.
LEFT_OUT_SUFFIXES = {".br", ".gz", ".zip", ".whl", ".imscc"}
LEFT_OUT_NAMES = {"sw.js"}


class SiteHook(BuildHookInterface):
    """The build hook that pyproject.toml enables."""

    def initialize(self, version, build_data):
        """Name the files of the site, and the licenses, for the wheel."""
        if version == "editable":
            return
        site = Path(os.environ.get("NN_LAB_SITE", ""))
        if not os.environ.get("NN_LAB_SITE") or not (site / "index.html").is_file() or not (site / "embed.js").is_file():
            raise SystemExit("NN_LAB_SITE is not the folder of a built site; build the wheel with scripts/wheel.sh.")
        include = build_data["force_include"]
        for path in sorted(site.rglob("*")):
            if path.is_file() and path.suffix not in LEFT_OUT_SUFFIXES and path.name not in LEFT_OUT_NAMES:
                include[str(path)] = f"nn_lab/site/{path.relative_to(site).as_posix()}"
        for name in ("LICENSE-APACHE", "LICENSE-MIT"):
            include[str(Path(self.root).parent / name)] = f"nn_lab/{name}"
