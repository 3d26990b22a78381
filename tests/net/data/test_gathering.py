"""Pictures made alike: values as stored where nothing has to be done, and what is done told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.core.arrays import Float32
from convtool.errors import InputError, LimitError
from convtool.io.images import Image
from convtool.io.limits import Limits
from convtool.io.resizing import resized
from convtool.net.data import gathering as module
from convtool.net.data.gathering import Gathering, Wanted, as_stored, made_alike, planes_of
from tests.net.data.sets import dataset_of, distinct_pictures
from tests.tolerances import assert_equal, assert_same_bytes

Size = tuple[int, int]


def picture(*shape: int, seed: int = 0) -> Float32:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)


def gathered(pictures: list[Float32], memory: int | None = None, **wanted: object) -> Gathering:
    gathering = Gathering(Wanted(**wanted), len(pictures), Limits(memory=memory))  # type: ignore[arg-type]
    for each in pictures:
        gathering.add(each)
    return gathering


class TestPlanes:
    @pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3)], ids=str)
    @pytest.mark.parametrize("channels", [None, 1, 3])
    def test_gray_is_one_plane(self, shape: tuple[int, ...], channels: int | None) -> None:
        values = picture(*shape)
        assert_same_bytes(planes_of(Image(values), channels), values.reshape(1, 2, 3))

    def test_colour_is_three_or_its_luma(self) -> None:
        image = Image(picture(3, 2, 4), colour=True)
        for channels in (None, 3):
            assert_same_bytes(planes_of(image, channels), image.values)
        assert_same_bytes(planes_of(image, 1), image.luma().values[np.newaxis])

    @pytest.mark.parametrize(
        ("count", "channels", "says"),
        [
            (2, None, "^it has 2 channels, 1 or 3 can be read$"),
            (4, 3, "^it has 4 channels, 3 can be read$"),
            (3, 1, "^it has 3 channels, 1 can be read$"),
        ],
    )
    def test_other_planes_are_refused(self, count: int, channels: int | None, says: str) -> None:
        with pytest.raises(InputError, match=says):
            planes_of(Image(picture(count, 2, 2)), channels)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0, 255], np.uint8),
        ([-0.0, 7], np.uint8),
        ([0, 256], np.float32),
        ([-1, 3], np.float32),
        ([0.5, 3], np.float32),
    ],
)
def test_eight_bits_hold_what_they_can_hold_exactly(values: list[float], dtype: type) -> None:
    stored = as_stored(np.array(values, np.float32))
    assert stored.dtype == dtype
    assert stored.tolist() == values


class TestSize:
    def test_pictures_that_agree_keep_theirs(self) -> None:
        pictures = [picture(1, 3, 4, seed=seed) for seed in range(3)]
        result = gathered(pictures, default_size=(9, 9))
        assert_same_bytes(result.array(), np.array(pictures, np.uint8))
        assert result.notices() == ()

    @given(
        sizes=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=6),
        size=st.none() | st.just((2, 3)),
    )
    def test_those_that_do_not_are_made_the_default_or_what_is_asked_for(
        self, sizes: list[Size], size: Size | None
    ) -> None:
        pictures = [picture(1, *own, seed=seed) for seed, own in enumerate(sizes)]
        result = gathered(pictures, size=size, default_size=(2, 2))
        target = size or (sizes[0] if len({*sizes}) == 1 else (2, 2))
        others = sum(own != target for own in sizes)
        expected = [each if each.shape[1:] == target else resized(each, target) for each in pictures]
        assert_equal(result.array(), np.array(expected))
        told = (f"{others} of {len(sizes)} picture(s) resized to {target[0]}×{target[1]}",)
        assert result.notices() == (told if others else ())
        assert result.resized == others

    def test_none_for_those_that_do_not_is_an_error(self) -> None:
        says = r"^its pictures are of several sizes, such as 2×3 and 2×4; give one with --size$"
        with pytest.raises(InputError, match=says):
            gathered([picture(1, 2, 3), picture(1, 2, 3), picture(1, 2, 4)])


class TestChannels:
    def test_gray_is_repeated_among_colours(self) -> None:
        gray, colour = picture(1, 2, 3), picture(3, 2, 3)
        result = gathered([gray, colour]).array()
        assert_same_bytes(result, np.array([np.repeat(gray, 3, axis=0), colour], np.uint8))

    def test_gray_is_repeated_where_three_are_wanted(self) -> None:
        gray = picture(1, 2, 3)
        assert_same_bytes(gathered([gray], channels=3).array(), np.uint8([np.repeat(gray, 3, axis=0)]))

    def test_gray_alone_is_one(self) -> None:
        assert gathered([picture(1, 2, 3)]).array().shape == (1, 1, 2, 3)


def test_one_real_number_makes_all_float32() -> None:
    whole, real = picture(1, 2, 3), picture(1, 2, 3) / 7
    assert_same_bytes(gathered([whole, real, whole]).array(), np.array([whole, real, whole]))


class TestMemory:
    @pytest.fixture(autouse=True)
    def little_that_always_fits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "ALWAYS_FITS", 700)

    def test_is_estimated_of_the_array_before_it_is_taken(self) -> None:
        """Held are 900 bytes and 100 real numbers; the array has 3 times 1000 of these."""
        pictures = [*[picture(1, 10, 10)] * 9, picture(1, 10, 10) / 7]
        assert gathered(pictures, memory=13_300, channels=3).array().nbytes == 12_000
        says = r"^10 pictures of its size \(make them smaller with --size\); it takes about 13 KiB of memory"
        with pytest.raises(LimitError, match=says):
            gathered(pictures, memory=13_299, channels=3).array()

    def test_is_estimated_of_all_when_few_are_held(self) -> None:
        """A hundred pictures of 500 bytes are expected; with the second there is more than always fits."""
        gathering = Gathering(Wanted(), 100, Limits(memory=99_999))
        gathering.add(picture(1, 20, 25))
        says = r"^100 pictures of its size .* about 98 KiB of memory, over the limit of 98 KiB; raise it with"
        with pytest.raises(LimitError, match=says):
            gathering.add(picture(1, 20, 25))

    def test_is_estimated_again_when_twice_as_much_is_held(self) -> None:
        gathering = Gathering(Wanted(), 100, Limits(memory=100_000))
        for _ in range(4):
            gathering.add(picture(1, 20, 25))
        with pytest.raises(LimitError, match=r"^100 pictures of its size .* about 156 KiB of memory"):
            gathering.add(picture(1, 20, 25) / 7)

    def test_is_not_asked_for_with_every_picture(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []
        monkeypatch.setattr(Limits, "check_memory", lambda limits, estimate, what: asked.append(estimate))
        gathered([picture(1, 20, 25)] * 100)
        assert asked == [100_000] * 6

    def test_is_refused_before_a_picture_is_made_larger(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "resized", pytest.fail)
        gathering = Gathering(Wanted(size=(10**9, 10**9)), 3, Limits(memory=2**40))
        with pytest.raises(LimitError, match=r"^3 pictures of its size .* about 2793967724 GiB of memory"):
            gathering.add(picture(1, 3, 3))

    def test_of_pictures_that_turn_out_to_be_resized_is_theirs(self) -> None:
        gathering = Gathering(Wanted(default_size=(2, 2)), 1000, Limits(memory=50_000))
        gathering.add(picture(1, 20, 25))
        for _ in range(200):
            gathering.add(picture(1, 25, 20))
        assert gathering.array().shape == (201, 1, 2, 2)


class TestMadeAlike:
    def test_what_is_as_wanted_stays(self) -> None:
        dataset = dataset_of(distinct_pictures(3, 1, 2, 3), [0, 1, 0])
        for wanted in (Wanted(), Wanted((2, 3), (9, 9), 1)):
            assert made_alike(dataset, wanted, Limits(), None) == (dataset, ())

    def test_colour_of_eight_bits_becomes_brightness(self) -> None:
        images = picture(4, 3, 5, 6).astype(np.uint8)
        dataset, notices = made_alike(dataset_of(images, [0, 1, 0, 1]), Wanted(channels=1), Limits(), None)
        expected = [[Image(each.astype(np.float32), colour=True).luma().values] for each in images]
        assert_same_bytes(dataset.images, np.array(expected, np.uint8))
        assert notices == ()

    def test_of_real_numbers_there_is_no_brightness(self) -> None:
        dataset = dataset_of(picture(4, 3, 5, 6) / 255, [0, 1, 0, 1])
        with pytest.raises(InputError, match=r"^it has 3 channels, 1 can be read$"):
            made_alike(dataset, Wanted(channels=1), Limits(), None)

    def test_every_picture_is_resized_and_repeated_and_progress_told(self) -> None:
        images = picture(4, 1, 5, 6).astype(np.uint8)
        told: list[Size] = []
        before = dataset_of(images, [0, 1, 0, 1])
        after, notices = made_alike(
            before, Wanted((3, 3), None, 3), Limits(), lambda done, total: told.append((done, total))
        )
        expected = [np.repeat(resized(each.astype(np.float32), (3, 3)), 3, axis=0) for each in images]
        assert_same_bytes(after.images, np.array(expected))
        assert notices == ("4 of 4 picture(s) resized to 3×3",)
        assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
        assert (after.labels is before.labels, after.names is before.names) == (True, True)

    def test_size_and_channels_are_wanted_each_by_itself(self) -> None:
        dataset = dataset_of(distinct_pictures(3, 1, 2, 3), [0, 1, 0])
        for wanted, shape in ((Wanted((4, 5)), (3, 1, 4, 5)), (Wanted(channels=3), (3, 3, 2, 3))):
            assert made_alike(dataset, wanted, Limits(), None)[0].images.shape == shape

    def test_a_default_is_no_wish(self) -> None:
        dataset = dataset_of(distinct_pictures(3, 1, 2, 3), [0, 1, 0])
        alike, notices = made_alike(dataset, Wanted(None, (9, 9), 3), Limits(), None)
        assert (alike.images.shape, notices) == ((3, 3, 2, 3), ())
