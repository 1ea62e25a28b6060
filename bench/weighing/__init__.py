"""How true the weights of failures are: on recorded servers, and where the truth is known."""
