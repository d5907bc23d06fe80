"""The parts of the Publish page, for authors: from a file to a form that makers get."""
