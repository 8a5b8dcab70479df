"""What an application keeps with a connection: its model, its size, releases before.

tests/framework/test_application.py has the same through events.
"""

from datetime import date

import pytest
from pydantic import Field

from signalbox import Attributes
from signalbox.realtime.attributes import LARGEST_ATTRIBUTES, AttributesError


class Profile(Attributes):
    language: str = "en"
    born: date | None = None
    text: str = Field("", alias="longText")


class Strict(Attributes):
    plan: str


def test_attributes_come_back_as_they_were_when_loaded() -> None:
    kept = Profile(language="de", born=date(2001, 2, 3), longText="x").dump()

    assert kept == {"language": "de", "born": "2001-02-03", "longText": "x"}
    assert Profile.load(kept) == Profile(language="de", born=date(2001, 2, 3), longText="x")


def test_attributes_have_their_defaults_when_nothing_or_an_older_model_was_kept() -> None:
    assert Profile.load(None) == Profile()
    assert Profile.load({"language": "fr", "removed": 1}) == Profile(language="fr")


@pytest.mark.parametrize("data", [None, {}, {"plan": 3}, "text"])
def test_error_names_class_and_field_when_a_kept_model_lacks_it(data: object) -> None:
    with pytest.raises(AttributesError, match=r"^Strict: no default and no value for"):
        Strict.load(data)


def test_kept_values_are_not_in_the_error_when_they_do_not_fit() -> None:
    with pytest.raises(AttributesError) as refused:
        Strict.load({"plan": ["secret"]})

    assert "secret" not in str(refused.value)


def test_attributes_are_refused_when_their_json_is_a_byte_too_large() -> None:
    room = LARGEST_ATTRIBUTES - len('{"plan":""}')

    assert Strict(plan="x" * room).dump() == {"plan": "x" * room}
    with pytest.raises(AttributesError, match=f"^Strict has {LARGEST_ATTRIBUTES + 1} bytes, over "):
        Strict(plan="x" * (room + 1)).dump()
