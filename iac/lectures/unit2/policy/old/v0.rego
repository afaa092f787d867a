package main

deny[msg] {
	input.after.public_access_blocked == false
	msg := "public"
}
