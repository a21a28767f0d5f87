"""A small mail-order shop: catalogue, baskets, prices, stock, shipping, orders, reports."""
