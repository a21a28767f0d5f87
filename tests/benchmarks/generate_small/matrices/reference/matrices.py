def transpose(matrix):
    return [list(row) for row in zip(*matrix, strict=True)]


def multiply(left, right):
    if len(left[0]) != len(right):
        raise ValueError("the sizes do not fit")
    columns = transpose(right)
    return [[sum(a * b for a, b in zip(row, c, strict=True)) for c in columns] for row in left]
