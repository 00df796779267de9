"""Bring the platform to a target by the unmodified cdk CLI, and read back what it made.

The infrastructure is another program: it is started as one (`cdk … --app "python app.py"`), never imported.
"""
