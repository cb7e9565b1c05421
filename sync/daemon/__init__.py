"""The daemon: runs the jobs of a deployment by their schedules, each as a process of its own, and tells how it goes."""
