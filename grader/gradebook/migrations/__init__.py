"""The steps from one version of a gradebook to the next. A step that was released is never changed."""
