"""What goes wrong in evaluations, re-created: each faulty protocol beside an honest one and the truth."""
