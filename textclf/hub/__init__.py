"""From a run folder to repos on the Hub, and the check that what arrived is what was measured."""
