"""Value added tax by country and group of goods; a country may take its neighbour's table."""

_TABLES = {
    "DE": {"*": "0.19", "books": "0.07", "food": "0.07"},
    "AT": {"*": "0.20", "books": "0.10", "food": "0.10"},
    "LI": {"same as": "CH"},
    "CH": {"*": "0.081", "food": "0.026", "books": "0.026"},
}


def rate(country, group):
    """The rate as text."""
    table = _TABLES[country]
    while "same as" in table:
        table = _TABLES[table["same as"]]
    return table.get(group, table["*"])
