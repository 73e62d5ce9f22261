import numpy as np

from creativity.streams import Streams


def test_a_stream_depends_on_seed_name_and_counter_alone() -> None:
    first = Streams(5)("init").at(3).random(8)
    Streams(5)("other").at(3).random(100)
    Streams(5)("init").at(2).random(100)
    assert np.array_equal(first, Streams(5)("init").at(3).random(8))
    for other in (Streams(6)("init").at(3), Streams(5)("optimizer").at(3), Streams(5)("init").at(4)):
        assert not np.array_equal(first, other.random(8))


def test_long_draws_of_neighbouring_counters_do_not_overlap() -> None:
    first, second = Streams(1)("x").at(0).random(100_000), Streams(1)("x").at(1).random(100_000)
    assert not np.intersect1d(first, second).size
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_global_random_state_is_neither_read_nor_moved() -> None:
    np.random.seed(1)  # noqa: NPY002 (the point of the test)
    first = Streams(1)("x").integer()
    after = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert after == np.random.random()  # noqa: NPY002
    assert first == Streams(1)("x").integer()
