import pytest
from matrices import multiply, transpose


def plain(matrix):
    return [list(row) for row in matrix]


def test_transpose():
    assert plain(transpose([[1, 2, 3], [4, 5, 6]])) == [[1, 4], [2, 5], [3, 6]]
    assert plain(transpose([[7]])) == [[7]]
    assert plain(transpose([[1], [2]])) == [[1, 2]]


def test_multiply():
    assert plain(multiply([[1, 2], [3, 4]], [[5, 6], [7, 8]])) == [[19, 22], [43, 50]]
    assert plain(multiply([[1, 2, 3]], [[1], [2], [3]])) == [[14]]
    assert plain(multiply([[1], [2]], [[3, 4]])) == [[3, 4], [6, 8]]
    assert plain(multiply([[1, 0], [0, 1]], [[9, 8], [7, 6]])) == [[9, 8], [7, 6]]


def test_sizes_have_to_fit():
    with pytest.raises(ValueError):
        multiply([[1, 2]], [[1, 2]])
    with pytest.raises(ValueError):
        multiply([[1, 2], [3, 4]], [[1, 2], [3, 4], [5, 6]])
