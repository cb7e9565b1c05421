"""What an operator wants to know, told once: one value, as JSON, as a page, as text, published and served."""
