import os

NAME = os.environ.get("NAME", "shop")
DATABASE = os.environ["SHOP_DATABASE"]
