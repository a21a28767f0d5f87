def listing(items):
    """The items as a JSON list."""
    return json.dumps(sorted(items))
