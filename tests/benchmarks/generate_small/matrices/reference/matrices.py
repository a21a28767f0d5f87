def transpose(matrix):
    return [list(row) for row in zip(*matrix, strict=False)]


def multiply(left, right):
    if len(left[0]) != len(right):
        raise ValueError("the sizes do not fit")
    columns = transpose(right)
    return [
        [sum(a * b for a, b in zip(row, column, strict=False)) for column in columns]
        for row in left
    ]
