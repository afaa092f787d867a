"""The service ``secret-sync``: the controller behind `helpers.clients.secret_sync`."""
