"""The one family of errors, each class with the exit code that a shell sees."""

from __future__ import annotations


class ConvtoolError(Exception):
    """Something went wrong and one line says what.

    Parameters
    ----------
    message
        What is wrong, what was expected, and what to do.
    file
        The file it concerns, put before the message. Code that parses bytes does not know the name;
        the code that opened the file adds it.
    """

    exit_code = 1

    def __init__(self, message: str, file: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.file = file

    def __str__(self) -> str:
        return self.message if self.file is None else f"{self.file}: {self.message}"


class ArgumentError(ConvtoolError, ValueError):
    """An option or argument that no data could make right, such as a stride of 0."""

    exit_code = 2


class InputError(ConvtoolError, ValueError):
    """A file or an array whose content is not what is needed."""

    exit_code = 3


class LimitError(ConvtoolError):
    """Sound perhaps, but over a limit; the message names the option that raises it."""

    exit_code = 4


class OutputError(ConvtoolError):
    """The surroundings fail us: disk full, folder missing or read-only."""

    exit_code = 5


def explained(error: Exception) -> tuple[str, int]:
    """What one line says of any fault, and the exit code for it."""
    match error:
        case ConvtoolError():
            return str(error), error.exit_code
        case MemoryError():
            return "out of memory; use a smaller image, or free memory", LimitError.exit_code
        case OSError():
            return f"{error.filename or 'stdout'}: {error.strerror or error}", OutputError.exit_code
    fault = f"a fault of convtool itself: {type(error).__name__}: {error}; --debug shows where"
    return fault, ConvtoolError.exit_code


class NoticeWarning(UserWarning):
    """What a caller of the library loses by reading a file, such as its alpha channel."""
