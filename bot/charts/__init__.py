"""Draws the points of a metric: values in, a picture and its words out."""
