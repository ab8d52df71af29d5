"""Versions: environments, constraints and the ranges of the package agree."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ENVIRONMENTS = ["analysis.yaml", "train.yaml"]


def pins(lines: list[str]) -> dict[str, Version]:
    """Name to version of lines `name==version`; anything else is no pin."""
    found = {}
    for line in lines:
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        found[canonicalize_name(requirement.name)] = Version(specifier.version)
    return found


@pytest.fixture(scope="module")
def constraints(root: Path) -> dict[str, Version]:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return pins([line for line in lines if line.strip() and not line.startswith("#")])


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, object]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def extras(project: dict[str, object]) -> dict[str, dict[str, SpecifierSet]]:
    """Ranges by name, for the package itself ("") and each of its extras."""
    groups = {"": project["dependencies"], **project["optional-dependencies"]}  # type: ignore
    return {
        group: {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}
        for group, lines in groups.items()
    }


def environment(root: Path, name: str) -> tuple[list[str], list[str]]:
    """Conda's and pip's requirements of an environment."""
    text = (root / "envs" / name).read_text(encoding="utf-8")
    items = yaml.safe_load(text)["dependencies"]
    (pip,) = [item["pip"] for item in items if isinstance(item, dict)]
    return [item for item in items if isinstance(item, str)], pip


def test_these_are_the_environments(root: Path) -> None:
    assert sorted(path.name for path in (root / "envs").glob("*.yaml")) == ENVIRONMENTS


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environments_have_the_versions_of_the_constraints(
    name: str, root: Path, constraints: dict[str, Version]
) -> None:
    found = pins(environment(root, name)[1])
    assert found == {package: constraints[package] for package in found}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environments_have_a_python_that_the_package_takes(
    name: str, root: Path, project: dict[str, object]
) -> None:
    (python,) = [item for item in environment(root, name)[0] if item.startswith("python=")]
    version = Version(python.removeprefix("python="))
    assert version in SpecifierSet(str(project["requires-python"]))


@pytest.mark.parametrize(
    ("name", "groups"), [("analysis.yaml", ["", "analysis"]), ("train.yaml", ["", "train", "data"])]
)
def test_environments_hold_what_the_package_needs(
    name: str, groups: list[str], root: Path, extras: dict[str, dict[str, SpecifierSet]]
) -> None:
    needed = {package for group in groups for package in extras[group]}
    assert needed - set(pins(environment(root, name)[1])) == set()


def test_analysis_is_free_of_torch(root: Path) -> None:
    assert not {"torch", "transformers"} & set(pins(environment(root, "analysis.yaml")[1]))


def test_every_dependency_is_pinned_within_its_range(
    constraints: dict[str, Version], extras: dict[str, dict[str, SpecifierSet]]
) -> None:
    for group, ranges in extras.items():
        for package, specifier in ranges.items():
            assert package in constraints, f"{package} of {group or 'the package'} has no pin"
            assert constraints[package] in specifier, f"{package} {constraints[package]}"


@pytest.mark.parametrize(("package", "version"), [("torch", "2.11.0"), ("transformers", "5.17.0")])
def test_the_ranges_admit_the_oldest_versions_meant(
    package: str, version: str, extras: dict[str, dict[str, SpecifierSet]]
) -> None:
    assert Version(version) in extras["train"][package]


@pytest.mark.parametrize("version", ["3.11", "3.12"])
def test_the_ranges_admit_python(version: str, project: dict[str, object]) -> None:
    assert Version(version) in SpecifierSet(str(project["requires-python"]))


def test_names_stand_once(root: Path) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = [line.split("==")[0] for line in lines if line and not line.startswith("#")]
    assert len({canonicalize_name(name) for name in names}) == len(names)
