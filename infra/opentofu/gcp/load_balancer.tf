# A proxy, not a passthrough: a host behind a passthrough load balancer that speaks to its address reaches itself, and a control plane that
# joins would ask its own API server, which is not there yet.
resource "google_compute_address" "api" {
  name         = "${var.cluster}-api"
  region       = var.region
  subnetwork   = google_compute_subnetwork.nodes.id
  address_type = "INTERNAL"
}

# Anybody may ask /readyz. The certificate is not checked, so the cluster's own will do.
resource "google_compute_region_health_check" "api" {
  name                = "${var.cluster}-api"
  region              = var.region
  check_interval_sec  = 5
  timeout_sec         = 3
  healthy_threshold   = 2
  unhealthy_threshold = 3

  https_health_check {
    port         = 6443
    request_path = "/readyz"
  }
}

resource "google_compute_instance_group" "control_plane" {
  for_each = toset(var.zones)

  name      = "${var.cluster}-control-plane-${each.key}"
  zone      = each.key
  network   = google_compute_network.cluster.id
  instances = [for one in google_compute_instance.control_plane : one.self_link if one.zone == each.key]

  named_port {
    name = "api"
    port = 6443
  }
}

resource "google_compute_region_backend_service" "api" {
  name                            = "${var.cluster}-api"
  region                          = var.region
  protocol                        = "TCP"
  port_name                       = "api"
  load_balancing_scheme           = "INTERNAL_MANAGED"
  health_checks                   = [google_compute_region_health_check.api.id]
  connection_draining_timeout_sec = 30
  # Watches, exec and port-forward are idle for long.
  timeout_sec = 3600

  dynamic "backend" {
    for_each = google_compute_instance_group.control_plane

    content {
      group           = backend.value.id
      balancing_mode  = "UTILIZATION"
      capacity_scaler = 1.0
    }
  }
}

resource "google_compute_region_target_tcp_proxy" "api" {
  name            = "${var.cluster}-api"
  region          = var.region
  backend_service = google_compute_region_backend_service.api.id
}

resource "google_compute_forwarding_rule" "api" {
  name                  = "${var.cluster}-api"
  region                = var.region
  network               = google_compute_network.cluster.id
  subnetwork            = google_compute_subnetwork.nodes.id
  ip_address            = google_compute_address.api.id
  ip_protocol           = "TCP"
  port_range            = "6443"
  load_balancing_scheme = "INTERNAL_MANAGED"
  target                = google_compute_region_target_tcp_proxy.api.id

  depends_on = [google_compute_subnetwork.proxies]
}
