VALUES = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
]  # fmt: skip


def to_roman(number):
    if not 1 <= number <= 3999:
        raise ValueError(number)
    text = ""
    for value, numeral in VALUES:
        while number >= value:
            text += numeral
            number -= value
    return text


def from_roman(text):
    total = 0
    for value, numeral in VALUES:
        while text.startswith(numeral):
            total += value
            text = text[len(numeral) :]
    return total
