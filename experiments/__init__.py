"""What produces a number: experiments, training, comparison and the command line. No other room imports this one."""
