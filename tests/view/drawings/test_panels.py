"""A map as it is drawn: its colours, its words, and what a fixed scale clips of it."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.view.drawings.drawing import MARGIN, Drawing, Text
from convtool.view.drawings.looks import Look
from convtool.view.drawings.panels import (
    GAP,
    SIDE,
    THIN,
    Panel,
    input_panel,
    kernel_panel,
    map_panel,
    marks_of,
    picture_panel,
    scale_of,
)
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, texts, tiles

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
RANDOM = np.random.default_rng(1).standard_normal((20, 30)).astype(np.float32)


def drawn(panel: Panel, look: Look | None = None, shared: Scale | None = None, width: int = 300) -> Drawing:
    marks = tuple(marks_of(panel, MARGIN, MARGIN, width, look or Look(), shared))
    return Drawing(width + 2 * MARGIN, panel.height(shared) + 2 * MARGIN, marks)


class TestMaps:
    def test_a_map_is_below_its_words_and_above_its_scale(self) -> None:
        panel = map_panel(np.float32([[0, 50], [100, 25]]), "a.png", "sobel-x", Look())
        drawing = drawn(panel)
        assert texts(drawing) == [
            "a.png", "sobel-x · 2x2 · at 12,800 %", "0", "50", "100", "25", "0", "100"
        ]  # fmt: skip
        assert_tidy(drawing)
        tile, bar = tiles(drawing)
        assert (tile.x, bar.x) == (MARGIN, MARGIN)
        assert tile.box[3] + GAP == bar.y
        assert tile.codes.shape == (SIDE, SIDE, 3)
        assert bar.codes.shape[1] == SIDE

    @given(hnp.arrays(np.float32, (3, 4), elements=FINITE))
    def test_cells_have_the_colours_of_the_scale(self, values: np.ndarray) -> None:
        tile = tiles(drawn(map_panel(values, "", "", Look(zoom=5))))[0]
        expected = Scale.fit([values]).colours(values)
        for corner in (0, 4):
            assert_equal(tile.codes[corner::5, corner::5], expected)

    def test_large_maps_are_reduced_to_means_of_areas(self) -> None:
        values = np.zeros((512, 1024), np.float32)
        values[::2] = 8
        values[0, 0] = -8
        panel = map_panel(values, "", "", Look())
        assert panel.planes[0].shape == (128, 256)
        assert panel.planes[0][0, 0] == 3
        assert (panel.planes[0].ravel()[1:] == 4).all()
        assert (panel.low, panel.high) == (-8, 8)
        assert panel.facts == "512×1024 · means at 25 %"

    @pytest.mark.parametrize(
        ("shape", "facts", "size"),
        [
            ((100, 60), "100×60 · at 200 %", (200, 120)),
            ((256, 256), "256×256 · at 100 %", (256, 256)),
            ((510, 510), "510×510 · means at 50.2 %", (256, 256)),
            ((1, 1), "1×1 · at 25,600 %", (256, 256)),
            ((1, 1000), "1×1000 · means at 25.6 %, stretched", (THIN, 256)),
            ((2000, 3), "2000×3 · means at 12.8 %, stretched", (256, THIN)),
            ((2, 300), "2×300 · means at 85.3 %, stretched", (THIN, 256)),
            ((2, 5, 5), "2×5×5 · at 5,100 %", (255, 255)),
            ((9, 5, 5), "9×5×5, 4 shown · at 5,100 %", (255, 255)),
        ],
    )
    def test_sizes_and_what_is_said_of_them(
        self, shape: tuple[int, ...], facts: str, size: tuple[int, int]
    ) -> None:
        drawing = drawn(map_panel(np.ones(shape, np.float32), "", "", Look()), width=1100)
        assert texts(drawing)[0] == facts.replace("×", "x")
        assert tiles(drawing)[0].codes.shape[:2] == size
        assert_tidy(drawing)

    @pytest.mark.parametrize(
        ("label", "stage", "width", "said"),
        [
            ("sobel-x", "conv", 300, "sobel-x · response · 2x2 · at 200 %"),
            ("", "relu", 300, "feature map · 2x2 · at 200 %"),
            ("a", "pool", 300, "a · pooled map · 2x2 · at 200 %"),
            ("a", "[bold]", 300, "a · 2x2 · at 200 %"),
            ("a", None, 300, "a · 2x2 · at 200 %"),
            ("a_long_name_of_a_filter-01", "pool", 240, "a_long…ter-01 · pooled map · 2x2 · at 200 %"),
            ("a_long_name_of_a_filter-01", "pool", 208, "pooled map · 2x2 · at 200 %"),
        ],
    )
    def test_what_is_known_of_its_filter_and_stage(
        self, label: str, stage: str | None, width: int, said: str
    ) -> None:
        panel = map_panel(np.ones((2, 2), np.float32), "", label, Look(zoom=2), stage)
        assert texts(drawn(panel, width=width))[0] == said

    def test_zoom_is_exact(self) -> None:
        panel = map_panel(np.ones((1, 1000), np.float32), "", "", Look(zoom=1))
        assert (panel.width, panel.tall, panel.facts) == (1000, 1, "1×1000 · at 100 %")

    def test_several_stand_side_by_side_on_one_scale(self) -> None:
        values = np.float32([0, 1, -2]).reshape(3, 1, 1) * np.ones((1, 4, 4), np.float32)
        panel = map_panel(values, "", "", Look(zoom=3))
        assert panel.width == 3 * 12 + 2 * GAP
        *maps, _ = tiles(drawn(panel))
        assert [tile.x for tile in maps] == [MARGIN + k * (12 + GAP) for k in range(3)]
        assert_equal(
            np.stack([tile.codes[0, 0] for tile in maps]),
            Scale(-2, 1, "blue-orange").colours(np.array([0, 1, -2])),
        )

    @given(
        st.text(max_size=80),
        st.text(max_size=80),
        hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=FINITE),
        st.sampled_from((None, 1, 3, 31)),
        st.booleans(),
    )
    def test_any_map_is_tidy(
        self, title: str, said: str, values: np.ndarray, zoom: int | None, clipped: bool
    ) -> None:
        look = Look(limits=(-1, 1) if clipped else None, zoom=zoom)
        panel = map_panel(values, title, said, look)
        shared = scale_of([panel], look) if clipped else None
        assert_tidy(drawn(panel, look, shared, max(208, panel.width)))

    def test_words_keep_to_their_column(self) -> None:
        panel = map_panel(np.ones((9, 4, 4), np.float32), "a long name.png", "sobel-x", Look(zoom=1))
        words = [mark for mark in drawn(panel, width=100).marks if isinstance(mark, Text)]
        assert max(word.box[2] for word in words) <= MARGIN + 100

    def test_what_is_not_finite(self) -> None:
        with pytest.raises(InputError, match=r"^a\.npy holds NaN or infinity; only finite values"):
            map_panel(np.float32([[np.nan]]), "a.npy", "", Look())


class TestClipped:
    @pytest.mark.parametrize(
        ("outside", "said"),
        [
            (0, "nothing clipped"),
            (1, "1 of 10,000 clipped"),
            (4, "4 of 10,000 clipped"),
            (5, "0.1 % clipped"),
            (320, "3.2 % clipped"),
            (9994, "99.9 % clipped"),
            (9996, "9,996 of 10,000 clipped"),
            (10_000, "100 % clipped"),
        ],
    )
    def test_is_said_in_words(self, outside: int, said: str) -> None:
        values = np.zeros(10_000, np.float32)
        values[:outside] = np.where(np.arange(outside) % 2, -2, 2)
        look = Look(limits=(-1, 1))
        panel = map_panel(values.reshape(100, 100), "", "", look)
        assert panel.clipped == outside
        assert texts(drawn(panel, look, scale_of([panel], look))) == ["100x100 · at 200 %", said]

    def test_counts_what_the_means_of_areas_hide(self) -> None:
        values = np.zeros((512, 512), np.float32)
        values[7, 9] = 1.5
        assert map_panel(values, "", "", Look(limits=(0, 1))).clipped == 1

    def test_colours_are_those_of_the_ends(self) -> None:
        look = Look(limits=(0, 1))
        panel = map_panel(np.float32([[-5, 0, 1, 5]]), "", "", replace(look, zoom=1))
        codes = tiles(drawn(panel, look, scale_of([panel], look)))[0].codes
        assert_equal(codes[0], Scale(0, 1, "viridis").colours(np.array([0, 0, 1, 1])))


class TestPictures:
    def test_look_as_they_are(self) -> None:
        image = np.random.default_rng(2).integers(0, 256, (3, 4, 5), np.uint8)
        drawing = drawn(picture_panel(image, "cat.png", Look(zoom=2)))
        assert texts(drawing) == ["cat.png", "4x5 · at 200 %"]
        (tile,) = tiles(drawing)
        assert_equal(tile.codes[1::2, 1::2], image.transpose(1, 2, 0))

    def test_are_reduced_as_everywhere(self) -> None:
        panel = picture_panel(np.full((1, 600, 300), 77, np.uint8), "", Look())
        assert (panel.planes[0] == 77).all()
        assert (panel.planes[0].shape, panel.facts) == ((256, 128), "600×300 · at 42.7 %")

    def test_are_on_no_scale(self) -> None:
        panel = picture_panel(np.zeros((1, 9, 9), np.uint8), "", Look())
        assert not panel.has_bar(None)
        assert panel.height(None) == panel.height(Scale(0, 1, "gray"))


class TestInputs:
    def test_matrices_keep_a_scale_of_their_own(self) -> None:
        look = Look(colormap="gray", limits=(0, 1), zoom=40)
        panel = input_panel(np.float32([[0, 9]]), "input", look, picture=False)
        assert (panel.own, panel.clipped, panel.zoom) == (Scale(0, 9, "gray"), None, 40)
        assert texts(drawn(panel, look, Scale(0, 1, "gray")))[-2:] == ["0", "9"]

    @pytest.mark.parametrize("shape", [(2, 2), (1, 2, 2), (3, 2, 2)])
    def test_pictures_look_as_they_are(self, shape: tuple[int, ...]) -> None:
        assert input_panel(np.full(shape, 9, np.uint8), "input", Look(), picture=True).picture


class TestKernels:
    def test_are_blue_below_0_and_orange_above_whatever_else_is(self) -> None:
        panel = kernel_panel(np.float32([[[1, 2], [3, 4]]]), "blur", "bias 2", 224)
        drawing = drawn(panel, Look("gray"), Scale(0, 1, "gray"))
        assert panel.own == Scale(1, 4, "blue-orange")
        assert texts(drawing) == ["blur", "bias 2 · 2x2", "1", "2", "3", "4", "1", "4"]
        assert_equal(tiles(drawing)[0].codes[::112, ::112], panel.own.colours(np.array([[1, 2], [3, 4]])))

    @pytest.mark.parametrize(
        ("shape", "facts", "shown"),
        [((1, 3, 5), "3×5", 1), ((3, 5, 5), "3×5×5", 3), ((64, 3, 3), "64×3×3, 4 shown", 4)],
    )
    def test_of_several_channels_stand_side_by_side(
        self, shape: tuple[int, int, int], facts: str, shown: int
    ) -> None:
        panel = kernel_panel(np.ones(shape, np.float32), "", "", 96)
        assert (panel.facts, len(panel.planes)) == (facts, shown)

    def test_large_ones_are_reduced(self) -> None:
        panel = kernel_panel(np.ones((1, 300, 300), np.float32), "", "", 100)
        assert (panel.width, panel.tall) == (100, 100)
