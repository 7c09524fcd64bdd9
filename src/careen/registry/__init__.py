"""The door for `docker push` and `docker pull`: OCI distribution-spec v1.1."""
