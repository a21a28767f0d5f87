import unittest

from middle import median


class MedianTest(unittest.TestCase):
    def test_nothing(self):
        self.assertEqual(median([]), 0)

    def test_one(self):
        self.assertEqual(median([7]), 7)

    def test_numbers_in_any_order(self):
        self.assertEqual(median([9, 1, 5]), 5)
        self.assertEqual(median([3, 30, 300, 2, 1]), 3)

    def test_an_even_count(self):
        self.assertEqual(median([4, 1, 3, 2]), 2.5)
        self.assertEqual(median([10, 0]), 5)

    def test_the_list_is_left_as_it_was(self):
        numbers = [3, 1, 2]
        median(numbers)
        self.assertEqual(numbers, [3, 1, 2])
