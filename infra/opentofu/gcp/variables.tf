variable "project" {
  description = "Project that holds everything."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
  default     = "europe-west3"
}

variable "zones" {
  description = "Three zones of the region; control planes and pools are spread over them in turn."
  type        = list(string)
  default     = ["europe-west3-a", "europe-west3-b", "europe-west3-c"]

  validation {
    condition     = length(distinct(var.zones)) >= 3
    error_message = "The loss of a zone is survived with three; name three different ones."
  }
}

variable "cluster" {
  description = "Name of the cluster: cluster_name of the inventory, label autotrade-cluster."
  type        = string
  default     = "trading"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.cluster))
    error_message = "Lower-case letters, digits and dashes, at most 21 of them; names of resources begin with it."
  }
}

variable "node_range" {
  description = "Addresses of the instances; pod_network_host_cidrs of the inventory names it."
  type        = string
  default     = "10.10.0.0/20"
}

variable "proxy_range" {
  description = "Addresses of the load balancer's own proxies."
  type        = string
  default     = "10.10.16.0/24"
}

variable "ssh_ranges" {
  description = "Networks from which Ansible comes. The default is Google's Identity-Aware Proxy."
  type        = list(string)
  default     = ["35.235.240.0/20"]
}

variable "ssh_user" {
  description = "User that Ansible logs in as (ansible_user)."
  type        = string
  default     = "ops"
}

variable "ssh_public_key" {
  description = "That user's public key."
  type        = string
}

variable "image" {
  description = "Boot image of the instances that Ansible provisions, by its full name, so that a new instance is like the old ones."
  type        = string
  default     = "debian-cloud/debian-12"
}

variable "pools" {
  description = "Instances by class. Sizes are the least that the preflight accepts; page_size is that of the image's kernel; spot: Google may stop them at any time."
  type = map(object({
    count        = number
    machine_type = string
    disk_gb      = number
    page_size    = optional(string, "4k")
    spot         = optional(bool, false)
  }))
  default = {
    control-plane = { count = 3, machine_type = "n2-standard-4", disk_gb = 100 }
    cpu           = { count = 9, machine_type = "n2-standard-8", disk_gb = 200 }
    gpu           = { count = 2, machine_type = "a3-highgpu-1g", disk_gb = 500, spot = true }
    storage       = { count = 2, machine_type = "n2-standard-4", disk_gb = 100 }
  }

  validation {
    condition     = toset(keys(var.pools)) == toset(["control-plane", "cpu", "gpu", "storage"])
    error_message = "Expected the pools control-plane, cpu, gpu and storage."
  }

  validation {
    condition     = var.pools["control-plane"].count >= 3 && var.pools["control-plane"].count % 2 == 1
    error_message = "An odd number of control planes, three at least, keeps a majority when one is lost."
  }

  validation {
    condition     = !var.pools["control-plane"].spot && !var.pools["storage"].spot
    error_message = "Spot instances may be stopped at any time: expected spot in the pools cpu and gpu alone."
  }

  # https://docs.cloud.google.com/compute/docs/gpus, "A3 High".
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.spot || !can(regex("^a3-highgpu-[124]g$", pool.machine_type))])
    error_message = "Google gives out a3-highgpu-1g, -2g and -4g as spot (or flex-start, for seven days at most) alone: set spot = true, or take a3-highgpu-8g."
  }
}

variable "golden_image" {
  description = "Image made by playbooks/golden_image.yml for nodes that join by themselves; empty makes no such group."
  type        = string
  default     = ""
}

variable "autoscaled" {
  description = "The group of nodes that join by themselves: least and most instances, and their machine type."
  type        = object({ minimum = number, maximum = number, machine_type = string })
  default     = { minimum = 0, maximum = 6, machine_type = "n2-standard-8" }
}
