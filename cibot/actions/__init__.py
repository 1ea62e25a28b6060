"""What people change: silences, acknowledgements, watches.

Every action checks the permission of the actor and is recorded in the audit.
"""
