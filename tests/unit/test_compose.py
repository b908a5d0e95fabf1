"""The compose file is what the compose specification's schema allows."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.conftest import ROOT, absent

MODULE = "github.com/compose-spec/compose-go/v2@v2.9.1"


@pytest.fixture(scope="module")
def compose_schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The published schema, out of the reference implementation's own module."""
    go = shutil.which("go")
    if go is None:
        absent("go, which fetches the compose specification's schema")
        raise AssertionError
    folder = tmp_path_factory.mktemp("compose")
    (folder / "go.mod").write_text("module x\n\ngo 1.21\n")
    found = subprocess.run(
        [go, "mod", "download", "-json", MODULE],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    source = Path(json.loads(found.stdout)["Dir"]) / "schema" / "compose-spec.json"
    return json.loads(source.read_text())


def compose() -> dict[str, dict[str, dict[str, object]]]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_compose_file_fits_the_specification(compose_schema: dict[str, object]) -> None:
    jsonschema.Draft7Validator(compose_schema).validate(compose())


def test_the_schema_refuses_what_it_should(compose_schema: dict[str, object]) -> None:
    wrong = compose()
    wrong["services"]["kafka"]["imagee"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(compose_schema).validate(wrong)


def test_every_service_that_is_built_names_a_command_we_have() -> None:
    from typer.main import get_command

    from ledger.cli import build_app

    known = get_command(build_app()).commands
    for service in compose()["services"].values():
        if "build" in service:
            assert service["command"][0] in known
