"""The configuration file: its model, and how a YAML file becomes one."""
