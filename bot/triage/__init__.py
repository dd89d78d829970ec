"""N1 in software: pure steps from one delivery to one decision with a reason."""
