import pytest

from signalbox.client.errors import PositionError
from signalbox.client.values import Position


@pytest.mark.parametrize("position", [Position("5f0c1d9b7a3e", 41), Position("a:b", 0)])
def test_a_position_is_the_same_when_it_was_saved_as_text(position: Position) -> None:
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("text", ["", "e", "e:", ":4", "e:-1", "e:4.0", "e:four", "e:²"])
def test_a_text_is_refused_when_it_is_no_position(text: str) -> None:
    with pytest.raises(PositionError, match="is not a position"):
        Position.parse(text)
