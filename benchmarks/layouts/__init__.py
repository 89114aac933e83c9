"""Files and folders in the layouts that people keep their data in, and how well they are read."""
