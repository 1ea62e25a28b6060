"""One IRC network as a chat backend."""
