"""Pure rendering: values in, Slack blocks out. Foreign text only ever goes into fields that Slack shows as is."""
