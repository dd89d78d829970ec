"""What Vigie talks about: values without I/O, clock or randomness."""
