"""Before anything is submitted: what a portal would refuse, misread or not show."""
