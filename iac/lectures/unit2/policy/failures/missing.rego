package missing

by_false contains "public" if input.after.public_access_blocked == false

by_not contains "public" if not input.after.public_access_blocked

by_default contains "public" if object.get(input.after, "public_access_blocked", false) != true
