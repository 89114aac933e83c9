"""Many runs of one data set: grids, folds, seeds, searches, learning curves; and runs beside each other."""
