"""Images: where they come from, their manifests, and what their layers make of a file system."""
