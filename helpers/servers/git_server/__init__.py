"""The forge: bare repositories over smart HTTP, pull requests, approvals, and the gate before protected branches."""
