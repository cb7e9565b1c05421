"""An export handed to an OntoPortal: create the artefact, submit the version, ask what became of it."""
