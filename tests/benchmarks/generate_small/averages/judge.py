import pytest
from averages import mean, median, mode


def test_mean():
    assert mean([1, 2, 3, 4]) == pytest.approx(2.5)
    assert mean([7]) == pytest.approx(7)


def test_median():
    assert median([3, 1, 2]) == pytest.approx(2)
    assert median([4, 1, 3, 2]) == pytest.approx(2.5)
    assert median([5]) == pytest.approx(5)


def test_median_leaves_the_list_alone():
    values = [3, 1, 2]
    median(values)
    assert values == [3, 1, 2]


def test_mode():
    assert mode([1, 2, 2, 3]) == 2
    assert mode([3, 1, 3, 1, 2]) == 1
    assert mode([9, 9, 4, 4, 4]) == 4


@pytest.mark.parametrize("function", [mean, median, mode])
def test_nothing_has_no_average(function):
    with pytest.raises(ValueError):
        function([])
