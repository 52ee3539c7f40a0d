# Behind class shared: storage_classes_aws_efs_id of the inventory.
resource "aws_efs_file_system" "shared" {
  creation_token = "${var.cluster}-shared"
  encrypted      = true

  tags = {
    Name = "${var.cluster}-shared"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_efs_backup_policy" "shared" {
  file_system_id = aws_efs_file_system.shared.id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "shared" {
  for_each = aws_subnet.nodes

  file_system_id  = aws_efs_file_system.shared.id
  subnet_id       = each.value.id
  security_groups = [aws_security_group.nodes.id]
}
