"""One's own live events: which there are, none left out, and forwarding them."""
