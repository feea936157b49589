"""Images and compose, as far as they can be looked at without a container engine."""

import ast
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from documents import check, commands_in, trees

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
BASE = re.compile(r"python:3\.11\.\d+-slim-bookworm")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]


@dataclass(frozen=True)
class Instruction:
    name: str
    rest: str


def stages(file: Path) -> list[list[Instruction]]:
    """The instructions of a Dockerfile by stage, continuations joined, comments gone."""
    text = re.sub(r"^\s*#.*\n", "", file.read_text("utf-8"), flags=re.MULTILINE)
    text = text.replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(str.strip, text.splitlines()):
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, " ".join(rest.split())))
    return found


def of(stage: list[Instruction], name: str) -> list[str]:
    return [one.rest for one in stage if one.name == name]


def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (DOCKER / "compose.yaml").read_text("utf-8")
    )
    return loaded


def services() -> Iterator[object]:
    for name, service in compose()["services"].items():
        yield pytest.param(service, id=name)


each_file = pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
each_service = pytest.mark.parametrize("service", list(services()))


def test_there_are_two_images() -> None:
    assert [file.stem for file in DOCKERFILES] == ["connector", "hub"]


@each_file
def test_every_stage_starts_from_the_pinned_base(file: Path) -> None:
    for stage in stages(file):
        base = stage[0].rest.split()[0]
        assert BASE.fullmatch(base), base
    assert len({stage[0].rest.split()[0] for stage in stages(file)}) == 1


@each_file
def test_the_image_runs_as_a_user_without_name_or_rights(file: Path) -> None:
    *_, last = stages(file)
    (user,) = of(last, "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    # Nothing after USER would need root, and nothing before it starts.
    names = [one.name for one in last]
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :])


@each_file
def test_the_build_tools_stay_behind(file: Path) -> None:
    first, last = stages(file)
    assert of(last, "COPY")[0] == "--from=build /opt/yifen /opt/yifen"
    assert first[0].rest.endswith("AS build")
    assert "pip" not in " ".join(of(last, "RUN"))


@each_file
def test_dependencies_come_from_the_lock_with_hashes(file: Path) -> None:
    installs = [run for run in of(stages(file)[0], "RUN") if "pip install" in run]
    locked, ours = installs
    assert "--require-hashes -r requirements.lock" in locked
    assert {"--no-index", "--no-deps", "--no-build-isolation"} <= set(ours.split())
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert lock.count("--hash=sha256:") > lock.count("==") > 20


@each_file
def test_no_address_of_an_index_or_proxy_stands_in_it(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "http://" not in text.replace("http://127.0.0.1:8440/readyz", "")
    assert "https://" not in text
    assert not re.search(r"index-url|trusted-host|proxy=", text, re.IGNORECASE)
    assert "ARG" not in {one.name for stage in stages(file) for one in stage}


@each_file
def test_what_is_copied_exists_and_reaches_the_engine(file: Path) -> None:
    sent = [
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line[0] == "!"
    ]
    for stage in stages(file):
        for copy in of(stage, "COPY"):
            if copy.startswith("--from="):
                continue
            *sources, _ = copy.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert any(fnmatch(source, pattern) for pattern in sent), source


@each_file
def test_every_package_of_the_wheel_is_copied(file: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = " ".join(of(stages(file)[0], "COPY")).split()
    assert set(packages) <= set(copied)


@each_file
def test_the_entry_point_is_a_command_of_ours(file: Path) -> None:
    *_, last = stages(file)
    (entry,) = of(last, "ENTRYPOINT")
    assert json.loads(entry)[0] in SCRIPTS
    assert json.loads(entry)[0] == file.stem


@each_file
def test_the_health_check_is_there_and_its_command_is_sound(file: Path) -> None:
    *_, last = stages(file)
    (check,) = of(last, "HEALTHCHECK")
    options, _, command = check.partition("CMD ")
    assert {"--interval", "--timeout", "--retries"} <= {
        option.partition("=")[0] for option in options.split()
    }
    program, *arguments = json.loads(command)
    if program == "python":
        assert arguments[0] == "-c"
        ast.parse(arguments[1])
        assert "/readyz" in arguments[1]
    else:
        assert program in SCRIPTS


@each_file
def test_no_secret_stands_in_an_image(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"(password|token|secret)\s*=\s*\S", text, re.IGNORECASE)


def test_the_script_of_the_connector_is_sound_and_calls_commands_that_exist(
    command: object,
) -> None:
    script = DOCKER / "fetch-receipts.sh"
    assert script.stat().st_mode & 0o111
    shell = command("sh")
    subprocess.run([shell, "-n", script], check=True, timeout=10)
    lines = script.read_text("utf-8").splitlines()
    called = [words for line in lines for words in commands_in(line)]
    assert [words[1] for words in called] == ["enrol", "receipts"]
    for words in called:
        check(trees()["connector"], words)


@each_service
def test_a_service_is_kept_narrow(service: dict[str, object]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert service["pids_limit"]
    (tmp,) = service["tmpfs"]  # type: ignore[misc]
    assert tmp.startswith("/tmp:")  # noqa: S108 inside the container
    assert {"noexec", "nosuid", "nodev"} <= set(tmp.partition(":")[2].split(","))


@each_service
def test_a_service_has_an_image_of_this_version(service: dict[str, object]) -> None:
    name, _, tag = str(service["image"]).partition(":")
    assert tag == VERSION
    assert name in {"yifen-hub", "yifen-connector"}
    build = service["build"]
    assert isinstance(build, dict)
    context = (DOCKER / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()
    assert build["dockerfile"] == f"docker/{name.removeprefix('yifen-')}.Dockerfile"


@each_service
def test_secrets_come_as_files_and_no_environment_holds_any(service: dict[str, object]) -> None:
    declared = compose()["secrets"]
    for name in service.get("secrets", []):  # type: ignore[attr-defined]
        assert set(declared[name]) == {"file"}
    assert "environment" not in service


@each_service
def test_data_lies_in_named_volumes_only(service: dict[str, object]) -> None:
    for volume in service["volumes"]:  # type: ignore[attr-defined]
        name, _, place = volume.partition(":")
        assert name in compose()["volumes"]
        assert place == "/data"


@each_service
def test_ports_are_published_on_loopback_only(service: dict[str, object]) -> None:
    for port in service.get("ports", []):  # type: ignore[attr-defined]
        assert port.startswith("127.0.0.1:")


def test_the_secrets_of_a_trial_are_ignored_by_git() -> None:
    for secret in compose()["secrets"].values():
        place = str(secret["file"])
        assert place.startswith("./secrets/")
    assert "secrets/" in (DOCKER / ".gitignore").read_text("utf-8").split()


def test_the_hub_is_made_before_it_serves_and_serves_before_it_is_asked() -> None:
    found = compose()["services"]
    hub, connector = found["hub"]["depends_on"], found["connector"]["depends_on"]
    assert hub == {"init": {"condition": "service_completed_successfully"}}
    assert connector == {"hub": {"condition": "service_healthy"}}
    # Plain HTTP is for loopback, so both must share one.
    assert found["connector"]["network_mode"] == "service:hub"
    assert found["init"]["network_mode"] == "none"


def test_commands_in_compose_exist() -> None:
    found = compose()["services"]
    (init,) = found["init"]["command"]  # type: ignore[misc]
    check(trees()["hub"], shlex.split(init.partition("|| ")[2]))
    check(trees()["hub"], ["hub", *found["hub"]["command"]])  # type: ignore[misc]
