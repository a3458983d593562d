"""Send mail: by SMTP, or into a mailbox on this machine."""
