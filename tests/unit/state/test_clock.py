"""Names and times."""

from samokoder.state import clock


def test_ids_made_in_one_burst_are_unique_and_sort_by_birth() -> None:
    ids = [clock.new_id() for _ in range(5_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {len(each) for each in ids} == {26}


def test_an_id_tells_its_time() -> None:
    early, late = clock.new_id(1_000), clock.new_id(1_001)
    assert early < late < clock.new_id()
    assert early.startswith("00000000z")  # 1000 ms in base 32, two digits: z8
    assert early[8:10] == "z8"


def test_midnight_is_in_utc() -> None:
    noon = 20_000 * clock.DAY_MS + clock.DAY_MS // 2
    assert clock.midnight(noon) == 20_000 * clock.DAY_MS
    assert clock.midnight(clock.midnight(noon)) == 20_000 * clock.DAY_MS
