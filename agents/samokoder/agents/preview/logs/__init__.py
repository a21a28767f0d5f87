"""From what a previewed program prints to problems at file and line of the workspace."""
