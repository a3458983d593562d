"""The auctions that the user bids on."""
