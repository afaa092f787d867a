# A service that needs a queue: nothing says that the queue comes first.
resource "terraform_data" "queue" {
  provisioner "local-exec" {
    command = "sleep 2 && touch ready"
  }
}

resource "terraform_data" "service" {
  provisioner "local-exec" {
    command = "test -f ready"
  }
}
