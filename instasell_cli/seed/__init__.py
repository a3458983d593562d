"""Make up users, listings, auctions and bids, the same for the same seed."""
