import re


def parse_duration(text):
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text)
    if not text or match is None:
        raise ValueError(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def format_duration(seconds):
    parts = (seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s")
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
