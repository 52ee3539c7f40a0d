locals {
  # trading-cpu-1 -> its class, zone and size; the numbers go over the zones in turn.
  nodes = merge([
    for class, pool in var.pools : {
      for number in range(1, pool.count + 1) :
      "${var.cluster}-${class}-${number}" => merge(pool, { class = class, zone = var.zones[(number - 1) % length(var.zones)] })
    }
  ]...)
}

# Provisioned by Ansible; a name stays with its machine.
resource "google_compute_instance" "node" {
  for_each = local.nodes

  name                      = each.key
  zone                      = each.value.zone
  machine_type              = each.value.machine_type
  tags                      = compact([local.node_tag, each.value.class == "control-plane" ? local.control_plane_tag : ""])
  allow_stopping_for_update = true
  deletion_protection       = each.value.class == "control-plane"

  labels = {
    autotrade-cluster    = var.cluster
    autotrade-node-class = each.value.class
    autotrade-page-size  = each.value.page_size
    autotrade-joins      = "by-ansible"
  }

  boot_disk {
    initialize_params {
      image = var.image
      size  = each.value.disk_gb
      type  = "pd-ssd"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.nodes.id
  }

  service_account {
    email  = each.value.class == "control-plane" ? google_service_account.control_plane.email : google_service_account.node.email
    scopes = ["cloud-platform"]
  }

  # A GPU cannot move to another machine.
  scheduling {
    on_host_maintenance = each.value.class == "gpu" ? "TERMINATE" : "MIGRATE"
    automatic_restart   = true
  }

  shielded_instance_config {
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    block-project-ssh-keys = "true"
    enable-oslogin         = "false"
    ssh-keys               = "${var.ssh_user}:${var.ssh_public_key}"
  }

  lifecycle {
    # A newer image of the same family is no reason to replace a node.
    ignore_changes = [boot_disk[0].initialize_params[0].image]
  }
}

# Nodes that join by themselves, from the golden image.
resource "google_compute_region_instance_template" "autoscaled" {
  count = var.golden_image == "" ? 0 : 1

  name_prefix  = "${var.cluster}-autoscaled-"
  region       = var.region
  machine_type = var.autoscaled.machine_type
  tags         = [local.node_tag]

  labels = {
    autotrade-cluster    = var.cluster
    autotrade-node-class = "cpu"
    autotrade-page-size  = "4k"
    autotrade-joins      = "by-itself"
  }

  disk {
    source_image = var.golden_image
    disk_size_gb = var.pools["cpu"].disk_gb
    disk_type    = "pd-ssd"
    boot         = true
  }

  network_interface {
    subnetwork = google_compute_subnetwork.nodes.id
  }

  service_account {
    email  = google_service_account.node.email
    scopes = ["cloud-platform"]
  }

  metadata = {
    block-project-ssh-keys = "true"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_region_instance_group_manager" "autoscaled" {
  count = var.golden_image == "" ? 0 : 1

  name                      = "${var.cluster}-autoscaled"
  region                    = var.region
  base_instance_name        = "${var.cluster}-autoscaled"
  distribution_policy_zones = var.zones
  target_size               = var.autoscaled.minimum

  version {
    instance_template = google_compute_region_instance_template.autoscaled[0].self_link
  }

  # The cluster's autoscaler sets the size.
  lifecycle {
    ignore_changes = [target_size]
  }
}
