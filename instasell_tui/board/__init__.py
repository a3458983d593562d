"""The board of live auctions."""
