import unittest

import shop


class Listing(unittest.TestCase):
    def test_it_is_sorted(self):
        self.assertEqual(shop.listing(["b", "a"]), '["a", "b"]')
