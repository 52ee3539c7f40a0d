variable "region" {
  description = "Region of the cluster; regions of aws_ec2.yml names it."
  type        = string
  default     = "eu-central-1"
}

variable "zones" {
  description = "Three zones of the region; control planes and pools are spread over them in turn."
  type        = list(string)
  default     = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]

  validation {
    condition     = length(distinct(var.zones)) >= 3
    error_message = "The loss of a zone is survived with three; name three different ones."
  }
}

variable "cluster" {
  description = "Name of the cluster: cluster_name of the inventory, tag autotrade-cluster."
  type        = string
  default     = "trading"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.cluster))
    error_message = "Lower-case letters, digits and dashes, at most 21 of them; names of resources begin with it."
  }
}

variable "network_range" {
  description = "Addresses of the network; pod_network_host_cidrs of the inventory names it."
  type        = string
  default     = "10.10.0.0/16"
}

variable "ssh_ranges" {
  description = "Networks from which Ansible comes, such as a VPN; none by default."
  type        = list(string)
  default     = []
}

variable "ssh_user" {
  description = "User that Ansible logs in as (ansible_user); made at an instance's first boot."
  type        = string
  default     = "ops"
}

variable "ssh_public_key" {
  description = "That user's public key."
  type        = string
}

variable "image" {
  description = "Image (ami-...) of the instances that Ansible provisions, by architecture: amd64 and, where an instance type has it, arm64."
  type        = map(string)
}

variable "pools" {
  description = "Instances by class. Sizes are the least that the preflight accepts; page_size is that of the image's kernel."
  type = map(object({
    count         = number
    instance_type = string
    disk_gb       = number
    arch          = optional(string, "amd64")
    page_size     = optional(string, "4k")
  }))
  default = {
    control-plane = { count = 3, instance_type = "m7i.xlarge", disk_gb = 100 }
    cpu           = { count = 9, instance_type = "m7i.2xlarge", disk_gb = 200 }
    gpu           = { count = 2, instance_type = "p5.4xlarge", disk_gb = 500 }
    storage       = { count = 2, instance_type = "m7i.xlarge", disk_gb = 100 }
  }

  validation {
    condition     = toset(keys(var.pools)) == toset(["control-plane", "cpu", "gpu", "storage"])
    error_message = "Expected the pools control-plane, cpu, gpu and storage."
  }

  validation {
    condition     = var.pools["control-plane"].count >= 3 && var.pools["control-plane"].count % 2 == 1
    error_message = "An odd number of control planes, three at least, keeps a majority when one is lost."
  }
}

variable "golden_image" {
  description = "Image made by playbooks/golden_image.yml for nodes that join by themselves; empty makes no such group."
  type        = string
  default     = ""
}

variable "autoscaled" {
  description = "The group of nodes that join by themselves: least and most instances, and their instance type."
  type        = object({ minimum = number, maximum = number, instance_type = string })
  default     = { minimum = 0, maximum = 6, instance_type = "m7i.2xlarge" }
}
