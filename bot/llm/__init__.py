"""Talks to a language model: the only place that imports langchain and openai for chat."""
