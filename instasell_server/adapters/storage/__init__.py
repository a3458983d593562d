"""Where files are kept: an S3 server such as MinIO, or a folder on the local disk."""
