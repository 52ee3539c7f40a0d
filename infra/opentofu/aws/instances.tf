locals {
  # trading-cpu-1 -> its class, zone and size; the numbers go over the zones in turn.
  nodes = merge([
    for class, pool in var.pools : {
      for number in range(1, pool.count + 1) :
      "${var.cluster}-${class}-${number}" => merge(pool, {
        class = class
        zone  = var.zones[(number - 1) % length(var.zones)]
        tags = {
          Name                 = "${var.cluster}-${class}-${number}"
          autotrade-node-class = class
          autotrade-page-size  = pool.page_size
          autotrade-joins      = "by-ansible"
        }
      })
    }
  ]...)

  # The user that Ansible logs in as, whatever the image calls its own.
  user_data = join("\n", ["#cloud-config", jsonencode({
    users = [{
      name                = var.ssh_user
      shell               = "/bin/bash"
      sudo                = "ALL=(ALL) NOPASSWD:ALL"
      lock_passwd         = true
      ssh_authorized_keys = [var.ssh_public_key]
    }]
  })])
}

# Provisioned by Ansible. No plan stops, moves or replaces one that is there: what would is ignored, and what is left is refused
# (prevent_destroy). docs/cloud.md tells how a machine is changed, one after the other.
resource "aws_instance" "control_plane" {
  for_each = { for name, node in local.nodes : name => node if node.class == "control-plane" }

  ami                     = var.image[each.value.arch]
  instance_type           = each.value.instance_type
  subnet_id               = aws_subnet.nodes[each.value.zone].id
  vpc_security_group_ids  = [aws_security_group.nodes.id]
  iam_instance_profile    = aws_iam_instance_profile.control_plane.name
  user_data               = local.user_data
  tags                    = each.value.tags
  disable_api_termination = true
  disable_api_stop        = true
  # Within a subnet packets of pods travel as they are, under addresses that the cloud did not give out.
  source_dest_check = false

  # One hop: hosts may ask for the instance's identity, pods may not.
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = each.value.disk_gb
    encrypted   = true
    # etcd waits for each of its writes.
    iops = 6000
  }

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [ami, instance_type, subnet_id, user_data]
  }
}

resource "aws_instance" "node" {
  for_each = { for name, node in local.nodes : name => node if node.class != "control-plane" }

  ami                    = var.image[each.value.arch]
  instance_type          = each.value.instance_type
  subnet_id              = aws_subnet.nodes[each.value.zone].id
  vpc_security_group_ids = [aws_security_group.nodes.id]
  iam_instance_profile   = aws_iam_instance_profile.node.name
  user_data              = local.user_data
  tags                   = each.value.tags
  source_dest_check      = false

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = each.value.disk_gb
    encrypted   = true
  }

  lifecycle {
    ignore_changes = [ami, instance_type, subnet_id, user_data]
  }
}

# Nodes that join by themselves, from the golden image.
resource "aws_launch_template" "autoscaled" {
  count = var.golden_image == "" ? 0 : 1

  name_prefix            = "${var.cluster}-autoscaled-"
  image_id               = var.golden_image
  instance_type          = var.autoscaled.instance_type
  update_default_version = true

  iam_instance_profile {
    name = aws_iam_instance_profile.node.name
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  network_interfaces {
    security_groups = [aws_security_group.nodes.id]
  }

  tag_specifications {
    resource_type = "instance"

    tags = {
      Name                                   = "${var.cluster}-autoscaled"
      autotrade-cluster                      = var.cluster
      autotrade-node-class                   = "cpu"
      autotrade-page-size                    = "4k"
      autotrade-joins                        = "by-itself"
      "kubernetes.io/cluster/${var.cluster}" = "owned"
    }
  }
}

resource "aws_autoscaling_group" "autoscaled" {
  count = var.golden_image == "" ? 0 : 1

  name                = "${var.cluster}-autoscaled"
  min_size            = var.autoscaled.minimum
  max_size            = var.autoscaled.maximum
  vpc_zone_identifier = [for subnet in aws_subnet.nodes : subnet.id]

  launch_template {
    id      = aws_launch_template.autoscaled[0].id
    version = "$Latest"
  }

  # By these the cluster's autoscaler finds the group, and sets its size.
  tag {
    key                 = "k8s.io/cluster-autoscaler/enabled"
    value               = "true"
    propagate_at_launch = false
  }

  tag {
    key                 = "k8s.io/cluster-autoscaler/${var.cluster}"
    value               = "owned"
    propagate_at_launch = false
  }

  lifecycle {
    ignore_changes = [desired_capacity]
  }
}
