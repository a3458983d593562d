#!/bin/sh
# Makes the bucket of the pictures, with versioning, so that nothing overwritten is lost, and the
# account by which the market uses it and nothing else.
set -eu

mc alias set market http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD"
mc mb --ignore-existing "market/$MINIO_BUCKET"
mc version enable "market/$MINIO_BUCKET"
mc version info "market/$MINIO_BUCKET"

policy=$(mktemp)
cat >"$policy" <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
      "Resource": ["arn:aws:s3:::$MINIO_BUCKET"]
    },
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
      "Resource": ["arn:aws:s3:::$MINIO_BUCKET/*"]
    }
  ]
}
EOF
mc admin policy create market instasell-market "$policy"
mc admin user add market "$STORAGE_ACCESS_KEY" "$STORAGE_SECRET_KEY"
# Attached a second time, a policy is refused; what matters is that it is there.
mc admin policy attach market instasell-market --user "$STORAGE_ACCESS_KEY" ||
    mc admin policy entities market --user "$STORAGE_ACCESS_KEY" | grep -q instasell-market
