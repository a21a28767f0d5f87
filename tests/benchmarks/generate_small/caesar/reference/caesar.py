def encrypt(text, shift):
    def move(letter, first):
        return chr((ord(letter) - ord(first) + shift) % 26 + ord(first))

    return "".join(
        move(c, "a") if "a" <= c <= "z" else move(c, "A") if "A" <= c <= "Z" else c for c in text
    )


def decrypt(text, shift):
    return encrypt(text, -shift)
