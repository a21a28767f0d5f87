import unittest

from price import discounted


class DiscountTest(unittest.TestCase):
    def test_ten_percent(self):
        self.assertEqual(discounted(1000), 900)

    def test_fifteen_percent(self):
        self.assertEqual(discounted(1000), 850)
