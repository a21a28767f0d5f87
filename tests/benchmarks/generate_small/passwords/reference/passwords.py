def missing_rules(password):
    rules = {
        "length": len(password) >= 8,
        "lower": any(c.islower() for c in password),
        "upper": any(c.isupper() for c in password),
        "digit": any(c.isdigit() for c in password),
    }
    return [name for name, kept in rules.items() if not kept]


def is_strong(password):
    return not missing_rules(password)
