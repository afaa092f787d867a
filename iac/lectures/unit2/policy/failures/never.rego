package never

# The provider's attribute is public_access_blocked; this name does not exist.
deny contains "public" if input.after.public_acces_blocked == false
