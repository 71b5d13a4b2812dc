"""Everything in the locks may be used and passed on without conditions on our own code."""

import re
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement

from tests.architecture.sources import ROOT

# Permissive, or (MPL) with conditions on changes to its own files only.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Unlicense",
}
# What packages without a licence expression say instead.
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
INSTALLED_LOCKS = ("run.txt", "build.txt", "dev.txt")


def test_every_locked_package_has_an_allowed_licence() -> None:
    licences = {name: licences_of(distribution(name)) for name in locked_here()}
    assert licences
    assert {name: found for name, found in licences.items() if not found or found - ALLOWED} == {}


def test_the_locks_name_packages_and_hashes_and_no_address() -> None:
    line = re.compile(
        r"#.*|[a-z0-9-]+==[0-9][^ ]*( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    strange = [
        f"{lock.name}:{number} {text}"
        for lock in sorted((ROOT / "requirements").iterdir())
        for number, text in enumerate(lock.read_text().splitlines(), start=1)
        if not line.fullmatch(text) or "//" in text
    ]
    assert strange == []


def locked_here() -> set[str]:
    """The names in the locks that their markers ask for on this machine."""
    return {
        requirement.name
        for name in INSTALLED_LOCKS
        for line in (ROOT / "requirements" / name).read_text().splitlines()
        if "==" in line
        for requirement in [Requirement(line.removesuffix(" \\"))]
        if requirement.marker is None or requirement.marker.evaluate()
    }


def licences_of(package: Distribution) -> set[str]:
    """The licences that all apply; where there is a choice, the allowed ones."""
    facts = package.metadata.json
    expression = facts.get("license_expression")
    classified = [
        text.rpartition(" :: ")[2]
        for text in facts.get("classifier", [])
        if text.startswith("License :: OSI Approved")
    ]
    if expression is None and classified:
        return {CLASSIFIERS.get(name, name) for name in classified}
    stated = str(expression or facts.get("license", "")).split("\n")[0].removesuffix(" License")
    return {chosen(alternatives) for alternatives in stated.split(" AND ")}


def chosen(alternatives: str) -> str:
    """The first alternative that is allowed, else the first."""
    names = [name.strip(" ()") for name in alternatives.split(" OR ")]
    return next((name for name in names if name in ALLOWED), names[0])
