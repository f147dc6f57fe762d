"""Contract tests and strategies for those who write plug-ins."""
