#!/bin/sh
# Makes the bucket of the pictures, with versioning, so that nothing overwritten is lost.
set -eu

mc alias set market http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD"
mc mb --ignore-existing "market/$MINIO_BUCKET"
mc version enable "market/$MINIO_BUCKET"
mc version info "market/$MINIO_BUCKET"
