"""What people change: silences, acknowledgements, watches. Each checks who asks, and is audited."""
