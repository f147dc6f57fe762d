"""The whole story: project, run, gates, report."""
