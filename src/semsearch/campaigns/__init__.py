"""Look-alike content joined to fixed leaders, and alerts by its growth."""
