from pathlib import Path

import pytest
from pydantic import AliasPath, BaseModel, Field

from signalbox.constructs.errors import BackendError
from signalbox.constructs.variables import SettingsFields, Variables, find_settings
from tests.framework.constructs import small_settings

MODULE = "tests.framework.constructs.small_settings"
FILE = "tests/framework/constructs/small_settings.py"
FUNCTIONS = ({"TABLE_NAME", "TICKET_SECRET"}, {"TABLE_NAME"})


def variables(model: type[BaseModel] | None) -> Variables:
    return Variables(SettingsFields(model) if model else None, FUNCTIONS)


def test_settings_are_found_by_their_import_string() -> None:
    found = find_settings(f"{MODULE}:Demanding")

    assert found is not None
    assert (found.file, found.title) == (FILE, "Demanding")
    assert found.names == {"STRIPE_KEY", "DATABASE_URL", "DB_URL", "GREETING"}


@pytest.mark.parametrize("module", ["nothing_of_the_kind", "nothing_of_the_kind.settings", f"{MODULE}_more"])
def test_nothing_is_compared_when_there_are_no_settings_yet(module: str) -> None:
    assert find_settings(f"{module}:Settings") is None
    assert variables(None).missing() == []
    assert variables(None).add("GREETING") is None


@pytest.mark.parametrize("name", ["Plain", "Missing"])
def test_settings_are_refused_when_they_are_no_pydantic_model(name: str) -> None:
    with pytest.raises(BackendError, match=rf"^{FILE} has no pydantic model {name}; see RealtimeBackend"):
        find_settings(f"{MODULE}:{name}")


def test_settings_are_refused_when_they_import_what_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings_of_a_test.py").write_text("import nothing_of_the_kind")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(BackendError, match=r"^settings_of_a_test\.py cannot be imported: No module"):
        find_settings("settings_of_a_test:Settings")


def test_required_variables_are_named_with_where_to_add_them_when_nobody_sets_them() -> None:
    assert variables(small_settings.Demanding).missing() == [
        f"{FILE}: Demanding needs {name}, which the stack does not set. "
        f"Add backend.environment({name}=...) in cdk/stack.py."
        for name in ("STRIPE_KEY", "DATABASE_URL")
    ]


def test_nothing_is_missing_when_one_of_the_names_of_a_field_is_set() -> None:
    found = variables(small_settings.Demanding)

    assert found.add("STRIPE_KEY") is None
    assert found.add("DB_URL") is None
    assert found.missing() == []


def test_variables_of_lambda_and_of_every_function_need_no_line_in_the_stack() -> None:
    class Read(BaseModel):
        aws_region: str
        table_name: str
        ticket_secret: str

    (problem,) = variables(Read).missing()

    assert "needs TICKET_SECRET," in problem


def test_variable_is_named_by_its_alias_when_that_is_a_path() -> None:
    class Read(BaseModel):
        first: str = Field(validation_alias=AliasPath("HOSTS", 0))

    assert SettingsFields(Read).names == {"HOSTS"}


def test_warning_names_the_variable_when_no_setting_reads_it() -> None:
    warning = variables(small_settings.Demanding).add("GREETINGS")

    assert warning == f"{FILE}: Demanding does not read GREETINGS, which the stack sets"


def test_variable_is_refused_when_the_framework_sets_it() -> None:
    with pytest.raises(BackendError, match=r"backend\.environment\(TABLE_NAME=\.\.\.\) would replace"):
        variables(None).add("TABLE_NAME")
