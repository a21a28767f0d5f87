"""L1: repairs found by trying many small changes where the failing tests point."""
