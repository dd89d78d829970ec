"""The commands beside `serve`, a file each; they work on the same folder and leave the index to its owner."""
