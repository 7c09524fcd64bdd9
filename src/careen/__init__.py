"""careen: a container registry that inspects what is pushed to it."""
