"""The commands of a document, run as somebody would who copies them."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from documents import ROOT

from world.serving import free_port

PATIENCE = 280
"""Seconds: some thirty commands, each a process of its own, on a busy machine too."""
PORTS = ("8440", "8442")
"""The ports of the documents; each run has others."""


def run(lines: list[str], folder: Path, shell: str) -> subprocess.CompletedProcess[str]:
    """Run commands in a copy of what they need; everything that they start ends with them."""
    (folder / "catalog").mkdir()
    (folder / "docs").mkdir()
    (folder / "catalog" / "datasets").symlink_to(ROOT / "catalog" / "datasets")
    (folder / "docs" / "tour").symlink_to(ROOT / "docs" / "tour")
    (folder / "tmp").mkdir()
    programs = folder / "bin"
    programs.mkdir()
    for command, module in (("hub", "hub"), ("connector", "connectors")):
        program = programs / command
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(":"),
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder),
        "YIFEN_LANG": "en",
        "COLUMNS": "200",
    }
    script = "set -euo pipefail\n" + "\n".join(lines)
    for port in PORTS:
        script = script.replace(port, str(free_port()))
    process = subprocess.Popen(
        [shell, "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f"the commands do not end:\n{output}")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    return subprocess.CompletedProcess(process.args, process.returncode, output, "")
