import unittest

from report import summary


class SummaryTest(unittest.TestCase):
    def test_middle_and_slowest(self):
        self.assertEqual(summary([0.5, 2.0, 1.0]), "median 1.0 s, slowest 2.0 s")

    def test_even_number_of_times(self):
        self.assertEqual(summary([1.0, 2.0]), "median 1.5 s, slowest 2.0 s")

    def test_nothing(self):
        self.assertEqual(summary([]), "nothing was measured")
