"""L4: the bug hunter. Reproduce, suppose, instrument, run, narrow, fix, take away, prove."""
