"""The query layer: one function a question, with typed answers that all faces share."""
