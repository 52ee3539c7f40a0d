resource "google_compute_network" "cluster" {
  name                    = var.cluster
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "nodes" {
  name                     = "${var.cluster}-nodes"
  network                  = google_compute_network.cluster.id
  region                   = var.region
  ip_cidr_range            = var.node_range
  private_ip_google_access = true
}

# The load balancer's proxies live here; connections to the API servers come from these addresses.
resource "google_compute_subnetwork" "proxies" {
  name          = "${var.cluster}-proxies"
  network       = google_compute_network.cluster.id
  region        = var.region
  ip_cidr_range = var.proxy_range
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

# Instances have no addresses of their own in the internet; images and data come through here.
resource "google_compute_router" "out" {
  name    = "${var.cluster}-out"
  network = google_compute_network.cluster.id
  region  = var.region
}

resource "google_compute_router_nat" "out" {
  name                               = "${var.cluster}-out"
  router                             = google_compute_router.out.name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

locals {
  node_tag          = "${var.cluster}-node"
  control_plane_tag = "${var.cluster}-control-plane"
}

# Kubelets, etcd, VXLAN and Calico between the nodes. What pods may do is told by network policies.
resource "google_compute_firewall" "between_nodes" {
  name        = "${var.cluster}-between-nodes"
  network     = google_compute_network.cluster.name
  source_tags = [local.node_tag]
  target_tags = [local.node_tag]

  allow { protocol = "tcp" }
  allow { protocol = "udp" }
  allow { protocol = "icmp" }
}

# The proxies, and Google's health checkers (https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges).
resource "google_compute_firewall" "api" {
  name          = "${var.cluster}-api"
  network       = google_compute_network.cluster.name
  source_ranges = [var.proxy_range, "35.191.0.0/16", "130.211.0.0/22"]
  target_tags   = [local.control_plane_tag]

  allow {
    protocol = "tcp"
    ports    = ["6443"]
  }
}

resource "google_compute_firewall" "ssh" {
  name          = "${var.cluster}-ssh"
  network       = google_compute_network.cluster.name
  source_ranges = var.ssh_ranges
  target_tags   = [local.node_tag]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}
