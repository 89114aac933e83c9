"""The commands: `main(argv)` of each. The files at the top level and `textclf NAME` call nothing else."""
