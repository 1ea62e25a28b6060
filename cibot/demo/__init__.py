"""A simulated review server over real HTTP, with a cast of CIs."""
