"""What is learned: encoders (pictures and words -> vectors) and priors (words -> pictures)."""
