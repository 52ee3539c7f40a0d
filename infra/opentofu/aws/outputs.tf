output "api_address" {
  description = "cluster_endpoint_address of the inventory."
  value       = aws_lb.api.dns_name
}

output "efs_id" {
  description = "storage_classes_aws_efs_id of the inventory."
  value       = aws_efs_file_system.shared.id
}
