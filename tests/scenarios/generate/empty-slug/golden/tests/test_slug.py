import unittest

from slug import slugify, unique


class SlugTest(unittest.TestCase):
    def test_words_are_joined(self):
        self.assertEqual(slugify("Hello, World!"), "hello-world")

    def test_accents_go(self):
        self.assertEqual(slugify("Crème Brûlée", "_"), "creme_brulee")

    def test_a_number_makes_it_unique(self):
        self.assertEqual(unique("a", {"a", "a-2"}), "a-3")
        self.assertEqual(unique("b", {"a"}), "b")
