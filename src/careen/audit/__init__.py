"""What was done, by whom and with what success, in the schema of Yandex Audit Trails."""
