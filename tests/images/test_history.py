from hypothesis import given
from hypothesis import strategies as st

from careen.images.history import created_by

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_each_layer_has_the_command_that_made_it() -> None:
    config = {
        "history": [
            {"created_by": "ADD rootfs.tar /"},
            {"created_by": "ENV A=1", "empty_layer": True},
            {"created_by": "RUN apt-get install curl"},
        ]
    }
    assert created_by(config, 2) == ("ADD rootfs.tar /", "RUN apt-get install curl")


def test_a_history_of_another_number_of_layers_is_not_believed() -> None:
    assert created_by({"history": [{"created_by": "RUN true"}]}, 2) == ("", "")


def test_a_step_without_a_command_has_an_empty_one() -> None:
    assert created_by({"history": [{}, {"created_by": 7}]}, 2) == ("", "")


@given(config=st.dictionaries(st.just("history") | st.text(), JSON), layers=st.integers(0, 5))
def test_whatever_the_config_says_there_is_a_text_for_every_layer(
    config: dict[str, object], layers: int
) -> None:
    commands = created_by(config, layers)
    assert len(commands) == layers
    assert all(isinstance(command, str) for command in commands)
