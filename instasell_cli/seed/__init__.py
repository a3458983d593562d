"""People, goods, auctions and bids that a seed makes up, the same for the same seed."""
