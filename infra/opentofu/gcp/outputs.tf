output "api_address" {
  description = "cluster_endpoint_address of the inventory."
  value       = google_compute_address.api.address
}

output "project" {
  description = "cloud_controller_gcp_project, and the project in gcp_compute.yml."
  value       = var.project
}

output "network" {
  description = "cloud_controller_gcp_network."
  value       = google_compute_network.cluster.name
}

output "subnetwork" {
  description = "cloud_controller_gcp_subnetwork."
  value       = google_compute_subnetwork.nodes.name
}

output "node_tag" {
  description = "cloud_controller_gcp_node_tag."
  value       = local.node_tag
}
