"""Tables as they are printed: the text itself, every number in it, and what a stream makes of it."""

from __future__ import annotations

import io
import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rich.color import Color
from rich.console import Console

from convtool.errors import ArgumentError
from convtool.view.tables import matrix_table, print_beside, print_matrix, print_rows
from tests.view.printed import on_terminal, piped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def matrix_text(values: ArrayLike, title: str = "m", **options: Any) -> str:
    return piped(lambda console: print_matrix(console, title, values, **options))


def numbers_in(text: str) -> dict[tuple[int, int], str]:
    """Read printed blocks back: the text of each cell by its row and column number."""
    found: dict[tuple[int, int], str] = {}
    for block in text.removesuffix("\n").split("\n\n"):
        head, rule, *rows = (re.sub("[|│]", " ", line) for line in block.split("\n"))
        assert set(rule) <= set("─┼-+")
        columns = {match.end(): int(match[0]) for match in re.finditer(r"\S+", head)}
        for row in rows:
            label, *cells = re.finditer(r"\S+", row)
            assert [cell.end() for cell in cells] == list(columns)  # right-aligned under their numbers
            for cell in cells:
                place = int(label[0]), columns[cell.end()]
                assert place not in found
                found[place] = cell[0]
    return found


def assert_reads_as(text: str, value: float, precision: int = 4) -> None:
    """The text is the value, to half a unit of its last digit, and 0 only for 0."""
    if not math.isfinite(value):
        assert text == str(value)
        return
    mantissa, _, exponent = text.partition("e")
    decimals = mantissa.partition(".")[2]
    whole = mantissa == text and not decimals
    unit = Fraction(10) ** (int(exponent or 0) - len(decimals))
    assert len(decimals) == (0 if whole else precision)
    assert abs(Fraction(text) - Fraction(value)) <= (0 if whole else unit / 2)
    assert (Fraction(text) == 0) == (value == 0)


matrices = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=30),
    elements=st.one_of(
        st.floats(width=32, allow_subnormal=False),
        st.floats(-1000, 1000, width=32),
        st.integers(-1020, 1020).map(float),
    ),
    fill=st.sampled_from([0.0, 5.0, -0.25]),
)


class TestNumbers:
    def test_integers_print_as_integers(self) -> None:
        assert matrix_text(np.array([[2, 0], [3, 5]], np.float32), "Conv(I) · 2 x 2") == (
            "Conv(I) · 2 x 2\n"
            "  |  0  1\n"
            "--+------\n"
            "0 |  2  0\n"
            "1 |  3  5\n"
        )  # fmt: skip

    def test_others_align_on_the_decimal_point(self) -> None:
        values = [[1.5, -0.0, -3], [math.nan, 0.25, 100], [math.inf, -math.inf, -0.125]]
        assert matrix_text(values, precision=3) == (
            "m\n"
            "  |        0        1        2\n"
            "--+---------------------------\n"
            "0 |    1.500    0.000   -3.000\n"
            "1 |      nan    0.250  100.000\n"
            "2 |      inf     -inf   -0.125\n"
        )

    def test_small_ones_beside_large_ones_go_scientific(self) -> None:
        assert matrix_text([[1e-9, 3], [-2.5, 0]], precision=2) == (
            "m\n"
            "  |          0          1\n"
            "--+----------------------\n"
            "0 |   1.00e-09   3.00e+00\n"
            "1 |  -2.50e+00   0.00e+00\n"
        )

    @pytest.mark.parametrize(
        ("value", "precision", "shown"),
        [
            (-0.0, 4, "0"),
            (2.0**53 - 1, 4, "9007199254740991"),
            (2.0**53, 4, "9.0072e+15"),
            (99999999.5, 2, "99999999.50"),
            (100000000.5, 2, "1.00e+08"),
            (0.0001, 4, "0.0001"),
            (0.00004, 4, "4.0000e-05"),
            (0.6, 0, "1"),
            (0.4, 0, "4e-01"),
            (math.nan, 4, "nan"),
            (-math.inf, 4, "-inf"),
            (np.float32(0.1), 4, "0.1000"),
            (np.int64(-7), 4, "-7"),
            (True, 4, "1"),
        ],
    )
    def test_notation(self, value: float, precision: int, shown: str) -> None:
        assert matrix_text([[value]], precision=precision).split()[-1] == shown

    def test_notation_is_chosen_by_the_whole_matrix_not_by_what_is_shown(self) -> None:
        values = np.ones((1000, 100))
        values[50, 50] = 0.5
        assert "1.00" in matrix_text(values, precision=2).split()
        values[50, 50] = 1e8 + 0.5
        assert "1.00e+00" in matrix_text(values, precision=2).split()
        values[50, 50] = 0.001
        assert "1.00e+00" in matrix_text(values, precision=2).split()

    def test_one_hundred_million_is_the_first_to_go_scientific(self) -> None:
        assert matrix_text([[1e8, 0.5]], precision=1).split()[-2:] == ["1.0e+08", "5.0e-01"]

    @pytest.mark.parametrize(
        ("shape", "shown"), [((0, 2), " |  0  1\n-+------\n"), ((1, 0), "  |\n--+\n0 |\n")]
    )
    def test_an_empty_matrix_is_an_empty_table(self, shape: tuple[int, int], shown: str) -> None:
        assert matrix_text(np.zeros(shape)) == "m\n" + shown

    @pytest.mark.parametrize("shape", [(3,), (1, 2, 2)])
    def test_other_than_two_axes_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(
            ArgumentError, match=re.escape(f"values has shape {shape}; a table shows a matrix")
        ):
            matrix_table(np.zeros(shape))


class TestElision:
    values = np.arange(510 * 510, dtype=np.float32).reshape(510, 510)

    def test_the_middle_of_a_large_matrix_is_left_out(self) -> None:
        assert matrix_text(self.values) == (
            "m\n"
            "    |       0       1       2  …     507     508     509\n"
            "----+---------------------------------------------------\n"
            "  0 |       0       1       2  …     507     508     509\n"
            "  1 |     510     511     512  …    1017    1018    1019\n"
            "  2 |    1020    1021    1022  …    1527    1528    1529\n"
            "  … |       …       …       …  …       …       …       …\n"
            "507 |  258570  258571  258572  …  259077  259078  259079\n"
            "508 |  259080  259081  259082  …  259587  259588  259589\n"
            "509 |  259590  259591  259592  …  260097  260098  260099\n"
        )

    @pytest.mark.parametrize(
        ("shape", "rows", "columns"),
        [((25, 40), 25, 40), ((1, 1001), 1, 7), ((1001, 1), 7, 1), ((6, 167), 6, 7), ((7, 143), 7, 7)],
    )
    def test_it_goes_by_the_number_of_cells_and_the_length_of_the_axis(
        self, shape: tuple[int, int], rows: int, columns: int
    ) -> None:
        _, head, _, *lines = matrix_text(np.zeros(shape)).splitlines()
        assert len(head.split()) == columns + 1
        assert len(lines) == rows

    def test_a_terminal_and_a_pipe_leave_out_the_same(self) -> None:
        text = on_terminal(lambda console: print_matrix(console, "m", self.values), 200)
        assert re.sub("[│─┼]", lambda rule: {"│": "|", "─": "-", "┼": "+"}[rule[0]], text) == matrix_text(
            self.values
        )

    def test_full_prints_all(self) -> None:
        values = self.values[:130, :120]
        _, table = matrix_text(values, full=True).split("\n", 1)
        numbers = numbers_in(table)
        assert list(numbers) == list(np.ndindex(values.shape))
        assert [int(text) for text in numbers.values()] == values.ravel().tolist()


class TestNames:
    def test_stand_in_for_numbers(self) -> None:
        assert matrix_text([[120, 3], [0, 7]], labels=(["cat", "owl"], ["cat", "owl"])) == (
            "m\n    |  cat  owl\n----+----------\ncat |  120    3\nowl |    0    7\n"
        )

    def test_are_as_wide_as_they_look(self) -> None:
        assert matrix_text([[1, 2], [3, 4]], labels=(["写真", "é\n"], ["写真", "é\n"])).splitlines()[1:] == [
            "     |  写真   é\\n",
            "-----+------------",
            "写真 |     1     2",
            " é\\n |     3     4",
        ]  # fmt: skip

    def test_are_escaped_where_a_stream_cannot_say_them(self) -> None:
        text = piped(
            lambda console: print_matrix(console, "m", [[5]], labels=(["é"], ["é"])), encoding="ascii"
        )
        assert text == "m\n     |  \\xe9\n-----+------\n\\xe9 |     5\n"

    def test_stay_with_their_rows_where_some_are_left_out(self) -> None:
        names = [f"n{number}" for number in range(40)]
        head, _, *rows = matrix_text(np.diag(range(40)), labels=(names, names)).splitlines()[1:]
        assert head.split() == ["|", "n0", "n1", "n2", "…", "n37", "n38", "n39"]
        assert [row.split()[0] for row in rows] == head.split()[1:]
        assert rows[-2].split() == ["n38", "|", "0", "0", "0", "…", "0", "38", "0"]

    def test_are_broken_into_blocks_that_fit(self) -> None:
        names = ["a long name", "another one", "c"]
        text = on_terminal(lambda console: print_matrix(console, "m", np.eye(3), labels=(names, names)), 40)
        heads = [line.split("│")[1].strip() for line in text.splitlines() if line.startswith(" " * 11 + " │")]
        assert heads == ["a long name  another one", "c"]
        assert max(map(len, text.splitlines())) <= 40


class TestEveryNumberIsThere:
    @given(matrices)
    def test_in_a_pipe_in_one_block(self, values: NDArray[np.floating]) -> None:
        """E7."""
        title, table = matrix_text(values).split("\n", 1)
        assert title == "m"
        assert all(line == line.rstrip() for line in table.splitlines())
        assert len(table.splitlines()) == 2 + len(values)
        numbers = numbers_in(table)
        assert list(numbers) == list(np.ndindex(values.shape))
        for place, text in numbers.items():
            assert_reads_as(text, float(values[place]))

    @given(matrices, st.integers(1, 200))
    def test_on_a_terminal_in_blocks_that_fit(self, values: NDArray[np.floating], width: int) -> None:
        table = on_terminal(lambda console: print_matrix(console, "m", values, full=True), width).split(
            "\n", 1
        )[1]
        for block in table.split("\n\n"):
            assert all(line == line.rstrip() for line in block.splitlines())
            if len(block.splitlines()[0].split()) > 2:  # a block of one column may run over
                assert max(map(len, block.splitlines())) <= width
        numbers = numbers_in(table)
        assert set(numbers) == set(np.ndindex(values.shape))
        for place, text in numbers.items():
            assert_reads_as(text, float(values[place]))

    def test_blocks_are_as_wide_as_the_terminal_allows(self) -> None:
        text = on_terminal(lambda console: print_matrix(console, "m", [[10, 11, 12, 13, 14]]), 15)
        assert text == (
            "m\n"
            "  │   0   1   2\n"
            "──┼────────────\n"
            "0 │  10  11  12\n"
            "\n"
            "  │   3   4\n"
            "──┼────────\n"
            "0 │  13  14\n"
        )  # fmt: skip


class TestStreams:
    """E8."""

    def test_ascii_takes_the_table_and_any_title(self) -> None:
        text = piped(
            lambda console: print_matrix(console, "été · 1 × 2000", np.zeros((1, 2000))), encoding="ascii"
        )
        assert text == (
            "\\xe9t\\xe9 - 1 x 2000\n"
            "  |     0     1     2  ...  1997  1998  1999\n"
            "--+-----------------------------------------\n"
            "0 |     0     0     0  ...     0     0     0\n"
        )

    def test_always_colours_a_pipe_and_does_not_wrap_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "dumb")
        values = np.arange(90.0).reshape(1, 90)
        text = piped(lambda console: print_matrix(console, "m", values), "always")
        assert "\x1b[38;5;166m" in text
        assert re.sub(r"\x1b\[[0-9;]*m", "", text) == matrix_text(values)

    def test_no_console_breaks_what_is_not_a_terminal(self) -> None:
        stream = io.StringIO()
        console = Console(file=stream, width=30)
        print_matrix(console, "m", np.zeros((1, 90)))
        print_rows(console, ("name", "text"), [("a", "word " * 99)])
        assert len(stream.getvalue().splitlines()) == 4 + 3


class TestTint:
    def colours(self, values: ArrayLike) -> list[str]:
        """The style of each cell of one row."""
        segments = Console(color_system="256").render(matrix_table(values))
        return [str(segment.style) for segment in segments if re.search(r"^ *-?\w+$", segment.text)]

    def test_sign_is_hue_and_magnitude_is_vividness(self) -> None:
        assert self.colours([[-1000, -1, 0, 1, 400, 600, 1000]]) == [
            *("color(33)", "color(66)", "color(243)"),
            *("color(95)", "color(131)", "color(167)", "color(166)"),
        ]

    def test_nan_and_infinity_have_their_place(self) -> None:
        assert self.colours([[math.inf, math.nan, -math.inf, 0]]) == [
            "color(166)",
            "bold",
            "color(33)",
            "color(243)",
        ]

    def test_the_lowest_integer_has_no_magnitude_of_its_own_type(self) -> None:
        assert self.colours(np.array([[-128, 64]], np.int8)) == ["color(33)", "color(167)"]

    def test_every_shade_reads_on_black_and_on_white(self) -> None:
        for shade in self.colours([[-1000, -600, -400, -1, 0, 1, 400, 600, 1000]]):
            channels = [channel / 255 for channel in Color.parse(shade).get_truecolor()]
            linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
            luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))  # WCAG 2, relative luminance
            assert min(1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05) > 3.5


class TestRows:
    heads = ("name", "size", "description")
    rows = (
        ("box-3", "3 x 3", "mean of the nine pixels around"),
        ("写真", "1 x 1", ""),
        ("[b]\x1b", "5 x 5", "ends in [/] and :smile:"),
    )

    def test_one_line_a_row_in_a_pipe(self) -> None:
        assert piped(lambda console: print_rows(console, self.heads, self.rows)) == (
            "name     size   description\n"
            "----------------------------------------------\n"
            "box-3    3 x 3  mean of the nine pixels around\n"
            "写真     1 x 1\n"
            "[b]\\x1b  5 x 5  ends in [/] and :smile:\n"
        )

    def test_the_last_column_wraps_on_a_terminal(self) -> None:
        assert on_terminal(lambda console: print_rows(console, self.heads, self.rows), 38) == (
            "name     size   description\n"
            "──────────────────────────────────────\n"
            "box-3    3 x 3  mean of the nine\n"
            "                pixels around\n"
            "写真     1 x 1\n"
            "[b]\\x1b  5 x 5  ends in [/] and\n"
            "                :smile:\n"
        )

    @given(st.lists(st.text(), min_size=1, max_size=5), st.integers(1, 120))
    def test_nothing_is_cut_at_any_width(self, texts: list[str], width: int) -> None:
        rows = [[text, text] for text in texts]
        shown = on_terminal(lambda console: print_rows(console, ("a", "b"), rows), width)
        alone = piped(lambda console: print_rows(console, ("a", "b"), rows))
        kept = [re.sub(r"[\s─-]", "", text) for text in (shown, alone)]
        assert len(alone.splitlines()) == 2 + len(rows)
        assert sorted(kept[0]) == sorted(kept[1])

    def test_a_long_description_is_not_wrapped_in_a_pipe(self) -> None:
        text = piped(lambda console: print_rows(console, ("name", "text"), [("a", "word " * 99 + "end")]))
        assert text.splitlines()[2] == "a     " + "word " * 99 + "end"

    def test_a_listing_may_be_empty(self) -> None:
        assert piped(lambda console: print_rows(console, ("name", "size"), [])) == "name  size\n----------\n"

    @pytest.mark.parametrize("width", [1, 80])
    def test_a_last_column_may_be_blank(self, width: int) -> None:
        text = on_terminal(lambda console: print_rows(console, ("name", ""), [("a", "")]), width)
        assert text == "name\n──────\na\n"


class TestBeside:
    def test_titles_stand_above_and_signs_between(self) -> None:
        titled = [("a", matrix_table([[1, 22], [3, 4]])), ("long title", matrix_table([[5]]))]
        assert piped(lambda console: print_beside(console, "×", titled)) == (
            "a               long title\n"
            "  |   0   1       |  0\n"
            "--+--------  ×  --+---\n"
            "0 |   1  22     0 |  5\n"
            "1 |   3   4\n"
        )

    @pytest.mark.parametrize("width", [20, 60, 80, 200])
    def test_they_stand_below_each_other_where_they_do_not_fit(self, width: int) -> None:
        titled = [(name, matrix_table(np.arange(9.0).reshape(3, 3) * 1000)) for name in ("one", "two", "six")]
        text = on_terminal(lambda console: print_beside(console, "×=", titled), width)
        assert max(map(len, text.splitlines())) <= width
        assert ("×" in text) == (width > 3 * 22 + 10)
        assert text.count("8000") == 3

    def test_signs_are_plain_where_a_stream_cannot_say_them(self) -> None:
        titled = [("a", matrix_table([[1]])), ("b", matrix_table([[2]]))]
        assert " x " in piped(lambda console: print_beside(console, "×", titled), encoding="ascii")


class TestMarks:
    def test_marked_cells_are_in_brackets_and_others_leave_room_for_them(self) -> None:
        marked = np.array([[True, False], [False, True]])
        assert matrix_text([[1, 20], [3, -4]], marked=marked).splitlines() == [
            "m",
            "  |    0     1 ",
            "--+------------",
            "0 |   [1]   20 ",
            "1 |    3   [-4]",
        ]

    def test_nothing_changes_where_none_is_marked(self) -> None:
        assert matrix_text([[1, 2]], marked=np.zeros((1, 2), bool)) == matrix_text([[1, 2]])
