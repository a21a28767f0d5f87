"""What customers and accountants see."""

import unittest

from shop.app import Shop
from shop.basket import Basket
from shop.discounts import Rule
from shop.stock import OutOfStock


class ShopTest(unittest.TestCase):
    def setUp(self):
        self.shop = Shop(
            [Rule("books", 3, "0.10"), Rule("books", 10, "0.25"), Rule("*", 5, "0.05", 90, 100)]
        )
        self.shop.article("B1", "Blue  Café Guide", "10.00 EUR", 400, "books", 40)
        self.shop.article("B2", "Green Guide", "0.25 EUR", 300, "books", 40)
        self.shop.article("F1", "Olive Oil", "7.99 EUR", 1100, "food", 40)
        self.shop.article("G1", "Anvil", "99.00 EUR", 6000, "general", 9)

    def sum(self, order):
        return repr(self.shop.desk.sum(order.number))

    def test_one_book(self):
        self.assertEqual(self.sum(self.shop.order("ann", ("B1", 1))), "14.60 EUR")

    def test_discount_counts_pieces_of_the_group(self):
        order = self.shop.order("ann", ("B1", 2), ("B2", 1), day=1)
        self.assertEqual([x.net.cents for x in order.lines], [1800, 23])

    def test_the_best_share_counts(self):
        order = self.shop.order("ann", ("B1", 10), day=1)
        self.assertEqual(order.lines[0].net.cents, 7500)

    def test_days_are_inclusive(self):
        last = self.shop.order("ann", ("F1", 5), day=100)
        after = self.shop.order("bob", ("F1", 5), day=101)
        self.assertEqual([last.lines[0].net.cents, after.lines[0].net.cents], [3795, 3995])

    def test_halves_go_to_even_cents(self):
        order = self.shop.order("ann", ("B2", 2), day=1, country="AT")
        self.assertEqual([order.lines[0].net.cents, order.lines[0].tax.cents], [50, 5])
        order = self.shop.order("ann", ("B2", 1), day=1, country="AT")
        self.assertEqual(order.lines[0].tax.cents, 2)

    def test_tax_of_a_neighbour(self):
        order = self.shop.order("ann", ("F1", 1), country="LI")
        self.assertEqual(order.lines[0].tax.cents, 21)

    def test_search_ignores_case_and_form(self):
        found = self.shop.find("BLUE cafe\u0301")
        self.assertEqual([a.number for a in found], ["B1"])

    def test_search_after_a_new_name(self):
        self.shop.article("B1", "Red Guide", "10.00 EUR", 400, "books")
        self.assertEqual(self.shop.find("blue"), [])
        self.assertEqual([a.number for a in self.shop.find("guide")], ["B1", "B2"])

    def test_numbers_as_people_type_them(self):
        order = self.shop.order("ann", ("b-1", 1), ("B 1", 1))
        self.assertEqual([x.pieces for x in order.lines], [2])

    def test_heavy_things_share_parcels(self):
        order = self.shop.order("ann", ("F1", 7), ("G1", 2), day=1)
        self.assertEqual(order.freight.cents, 2370)

    def test_an_order_keeps_its_basket(self):
        basket = Basket([("B1", 1)])
        order = self.shop.desk.take("ann", basket, "DE", 1)
        basket.put("B2", 5)
        self.assertEqual(order.basket.lines(), [("B1", 1)])

    def test_all_or_nothing(self):
        with self.assertRaises(OutOfStock):
            self.shop.order("ann", ("B1", 3), ("G1", 10))
        self.assertEqual(self.shop.stock.free("B1"), 40)

    def test_a_cancelled_order_frees_its_pieces(self):
        order = self.shop.order("ann", ("G1", 9))
        self.shop.desk.cancel(order.number)
        again = self.shop.order("bob", ("G1", 9))
        self.shop.desk.ship(again.number)
        self.assertEqual(self.shop.stock.free("G1"), 0)

    def test_low_stock_is_told_once(self):
        for number in range(3):
            order = self.shop.order("ann", ("G1", 8), day=number + 1)
            self.shop.desk.cancel(order.number)
        order = self.shop.order("ann", ("G1", 8))
        self.shop.desk.ship(order.number)
        self.assertEqual(self.shop.alerts.told, ["G1", "G1", "G1", "G1"])

    def test_turnover_by_group(self):
        for lines in ([("F1", 1)], [("B1", 1), ("G1", 1)], [("F1", 1)]):
            order = self.shop.order("ann", *lines, day=1)
            self.shop.desk.ship(order.number)
        table = [(group, net.cents) for group, net in self.shop.turnover.table()]
        self.assertEqual(table, [("general", 9900), ("food", 1598), ("books", 1000)])

    def test_a_full_cache_forgets_the_oldest(self):
        small = Shop([Rule("books", 1, "0.10")], cached=2)
        small.article("B1", "Guide", "10.00 EUR", 400, "books", 99)
        for day in (1, 2, 1, 3):
            small.order("ann", ("B1", 1), day=day)
        kept = [key[3] for key in small.pricing._cache._kept]
        self.assertEqual(kept, [1, 3])


if __name__ == "__main__":
    unittest.main()
