"""Pure rendering: values in, Slack blocks out. Foreign text goes into fields that Slack shows as is."""
