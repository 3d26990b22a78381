"""The one family of errors: codes, names of files, and what a caller may catch."""

from __future__ import annotations

import pytest

from convtool import errors
from convtool.errors import ArgumentError, ConvtoolError, InputError, LimitError, NoticeWarning, OutputError


@pytest.mark.parametrize(
    ("error", "code", "also"),
    [
        (ConvtoolError, 1, Exception),
        (ArgumentError, 2, ValueError),
        (InputError, 3, ValueError),
        (LimitError, 4, ConvtoolError),
        (OutputError, 5, ConvtoolError),
    ],
)
def test_every_class_has_its_code(error: type[ConvtoolError], code: int, also: type[Exception]) -> None:
    assert error.exit_code == error("x").exit_code == code
    assert issubclass(error, also)
    with pytest.raises(ConvtoolError, match=r"^x$"):
        raise error("x")


def test_no_class_is_forgotten() -> None:
    family = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, ConvtoolError)]
    assert sorted(error.exit_code for error in family) == [1, 2, 3, 4, 5]


def test_a_file_stands_before_the_message() -> None:
    error = InputError("it is empty", "a.png")
    assert (str(error), error.message, error.file) == ("a.png: it is empty", "it is empty", "a.png")
    assert str(InputError("it is empty")) == "it is empty"


def test_a_file_may_be_named_later() -> None:
    error = InputError("it is empty")
    error.file = "b.png"
    assert str(error) == "b.png: it is empty"


def test_a_notice_is_a_warning_and_none_of_the_errors() -> None:
    assert issubclass(NoticeWarning, UserWarning)
    assert not issubclass(NoticeWarning, ConvtoolError)
