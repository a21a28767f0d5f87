import unittest

from cart import Cart


class Total(unittest.TestCase):
    def test_it_adds_up(self):
        self.assertEqual(Cart().total(), "total 7")
