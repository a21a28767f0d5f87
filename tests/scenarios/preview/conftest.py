"""The tests of broken projects are theirs: they fail, and are run by what mends them."""

collect_ignore_glob = ["broken/*"]
