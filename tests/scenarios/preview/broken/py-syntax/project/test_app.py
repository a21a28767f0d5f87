import unittest

import app


class Pages(unittest.TestCase):
    def test_there_is_a_page(self):
        self.assertTrue(issubclass(app.Page, object))
