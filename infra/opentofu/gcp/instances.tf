locals {
  # trading-cpu-1 -> its class, zone and size; the numbers go over the zones in turn.
  nodes = merge([
    for class, pool in var.pools : {
      for number in range(1, pool.count + 1) :
      "${var.cluster}-${class}-${number}" => merge(pool, {
        class = class
        zone  = var.zones[(number - 1) % length(var.zones)]
        labels = {
          autotrade-cluster    = var.cluster
          autotrade-node-class = class
          autotrade-page-size  = pool.page_size
          autotrade-joins      = "by-ansible"
        }
      })
    }
  ]...)

  metadata = {
    block-project-ssh-keys = "true"
    enable-oslogin         = "false"
    ssh-keys               = "${var.ssh_user}:${var.ssh_public_key}"
  }
}

# Provisioned by Ansible; a name stays with its machine. No plan stops, moves or replaces one that is there: what would is ignored, and what
# is left is refused (prevent_destroy). docs/cloud.md tells how a machine is changed, one after the other.
resource "google_compute_instance" "control_plane" {
  for_each = { for name, node in local.nodes : name => node if node.class == "control-plane" }

  name                = each.key
  zone                = each.value.zone
  machine_type        = each.value.machine_type
  tags                = [local.node_tag, local.control_plane_tag]
  labels              = each.value.labels
  metadata            = local.metadata
  deletion_protection = true

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
    email  = google_service_account.control_plane.email
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [boot_disk[0].initialize_params, machine_type, zone]
  }
}

resource "google_compute_instance" "node" {
  for_each = { for name, node in local.nodes : name => node if node.class != "control-plane" }

  name         = each.key
  zone         = each.value.zone
  machine_type = each.value.machine_type
  tags         = [local.node_tag]
  labels       = each.value.labels
  metadata     = local.metadata

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
    email  = google_service_account.node.email
    scopes = ["cloud-platform"]
  }

  # A GPU cannot move to another machine. What Google takes back (spot) is stopped, not deleted.
  scheduling {
    provisioning_model          = each.value.spot ? "SPOT" : "STANDARD"
    preemptible                 = each.value.spot
    automatic_restart           = !each.value.spot
    on_host_maintenance         = each.value.class == "gpu" || each.value.spot ? "TERMINATE" : "MIGRATE"
    instance_termination_action = each.value.spot ? "STOP" : null
  }

  shielded_instance_config {
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    ignore_changes = [boot_disk[0].initialize_params, machine_type, zone]
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
