"""The mirrors' side: what one shall show, what must travel, and all of them at once."""
