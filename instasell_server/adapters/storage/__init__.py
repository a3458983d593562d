"""Keep files on an S3 server such as MinIO, or in a folder on the local disk."""
