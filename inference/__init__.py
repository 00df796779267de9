"""The model server: handlers shared by endpoints and batch transform."""
